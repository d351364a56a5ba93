import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { financeHub, startRds } from './testing/started-rds.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deploy-kit-sql-'))
})
afterAll(() => rm(folder, { recursive: true }))

test("a database starts with what its SQL files make, as its master user's own", async () => {
  const file = join(folder, 'good.sql')
  await writeFile(file, 'CREATE TABLE accounts (id int);\nINSERT INTO accounts VALUES (1), (2);\n')
  await using rds = await startRds({ databases: [{ ...financeHub, initialSql: [file] }] })
  await using session = await rds.connect()
  expect((await session.query('SELECT count(*)::int AS count FROM accounts')).rows).toEqual([{ count: 2 }])
  await session.query('DROP TABLE accounts')
})

test('a statement that fails is named by database, file and line', async () => {
  const file = join(folder, 'bad.sql')
  await writeFile(file, 'CREATE TABLE accounts (id int);\nINSERT INTO acounts VALUES (1);\n')
  const start = startRds({ databases: [{ ...financeHub, initialSql: [file] }] })
  await expect(start).rejects.toThrow(
    `The world's database finance-hub cannot be made: ${file}: line 2: relation "acounts" does not exist`,
  )
})

test.each([
  ['an engine that the lab does not run', { engine: 'mysql' }, /runs PostgreSQL only: the engine mysql/],
  ['a name that RDS refuses', { identifier: 'finance_hub' }, /is not a valid identifier/],
  ['a password that RDS refuses', { password: 'short' }, /is not a valid password/],
  ['a key that does not exist', { kmsKeyId: 'alias/none' }, /KMS key \[alias\/none\] does not exist/],
])('%s is refused', async (_, change, message) => {
  await expect(startRds({ databases: [{ ...financeHub, ...change }] })).rejects.toThrow(message)
})

test('the members of a cluster name the same database', async () => {
  const member = { ...financeHub, engine: 'aurora-postgresql', cluster: 'hub' }
  const other = { ...member, identifier: 'reader', databaseName: 'another' }
  await expect(startRds({ databases: [member, other] })).rejects.toThrow(/share one database, and must name the same/)
})
