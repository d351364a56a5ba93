import { readdir, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import pg from 'pg'

/** Applies the SQL files that were not applied before, in the order of their names, each in a transaction. */
async function migrate(client, directories) {
  // Two migrations at once wait for each other instead of applying a file twice.
  await client.query(`SELECT pg_advisory_lock(hashtext('schema_migrations'))`)
  await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`)
  const { rows } = await client.query('SELECT name FROM schema_migrations')
  const applied = new Set(rows.map(({ name }) => name))
  for (const { name, path } of await migrationsIn(directories)) {
    if (applied.has(name)) console.log(`${name}: applied before`)
    else await apply(client, name, statementsOf(await readFile(path, 'utf8')))
  }
}

async function migrationsIn(directories) {
  const lists = await Promise.all(
    directories.map(async (directory) =>
      (await readdir(directory)).map((name) => ({ name, path: join(directory, name) })),
    ),
  )
  return lists
    .flat()
    .filter(({ name }) => name.endsWith('.sql'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function apply(client, name, statements) {
  await client.query('BEGIN')
  for (const [index, statement] of statements.entries()) {
    try {
      await client.query(statement)
    } catch (error) {
      await client.query('ROLLBACK')
      throw new Error(
        `${name}: statement ${index + 1} of ${statements.length} failed: ${error.message}\n${statement}\n` +
          `${name} was rolled back as a whole`,
      )
    }
  }
  await client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [name])
  await client.query('COMMIT')
  console.log(`${name}: applied, ${statements.length} statements`)
}

/** Splits at semicolons outside of strings, quoted names, dollar quotes and comments. */
function statementsOf(sql) {
  const pieces = /'[^']*'|"[^"]*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^'"$\-/;]+|[^;]/g
  const statements = ['']
  for (const [piece] of sql.matchAll(pieces)) {
    if (piece === ';') statements.push('')
    else if (!piece.startsWith('--') && !piece.startsWith('/*')) statements[statements.length - 1] += piece
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '')
}

const client = new pg.Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 10_000 })
try {
  await client.connect()
  await migrate(client, (process.env.MIGRATIONS_DIR ?? 'migrations').split(delimiter))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  await client.end()
}
