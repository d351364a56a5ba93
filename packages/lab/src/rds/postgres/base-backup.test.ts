import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ProcessKeeper } from '../../process-keeper.ts'
import { findPostgres, reachableTemporaryFolder } from './binaries.ts'
import type { PostgresServer } from './server.ts'
import { Storage } from './storage.ts'

const master = { databaseName: 'app', username: 'app', password: 'correct-horse' }
let keeper: ProcessKeeper
let storage: Storage
let server: PostgresServer

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-postgres-test-'))
  keeper = new ProcessKeeper(folder)
  storage = await Storage.open(folder, keeper)
  server = storage.newServer()
  await storage.create(server, master)
})

afterAll(async () => {
  await storage[Symbol.asyncDispose]()
  await keeper[Symbol.asyncDispose]()
})

interface State {
  /** `writer` 1 to 3 and the last number that each of them has committed. */
  readonly written: ReadonlyMap<number, number>
  readonly invoices: number
  readonly lines: number
}

async function readState(from: PostgresServer): Promise<State> {
  return from.asAdmin(async (query) => {
    const rows = await query(
      'SELECT writer, count(*)::int AS count, max(number)::int AS last FROM entries GROUP BY writer',
    )
    for (const { count, last } of rows) expect(count, 'entries without a gap').toBe(last)
    const [counts] = await query(
      'SELECT (SELECT count(*) FROM invoices)::int AS invoices, (SELECT count(*) FROM lines)::int AS lines',
    )
    return {
      written: new Map(rows.map(({ writer, last }) => [writer, last])),
      invoices: counts?.invoices,
      lines: counts?.lines,
    }
  }, 'app')
}

test('a backup that is taken while others write holds a consistent prefix of what they wrote', async () => {
  await server.asAdmin(async (query) => {
    await query('CREATE TABLE entries (writer int, number int, filler text, PRIMARY KEY (writer, number))')
    await query('CREATE TABLE invoices (id int PRIMARY KEY)')
    await query('CREATE TABLE lines (invoice int REFERENCES invoices, line int)')
    await query('CREATE TABLE passing (id int)')
  }, 'app')

  const committed = new Map<number, number>()
  let writing = true
  let invoiced = 0
  const writers = [1, 2, 3].map((writer) =>
    server.asAdmin(async (query) => {
      for (let number = 1; writing; number += 1) {
        await query("INSERT INTO entries VALUES ($1, $2, repeat('x', 2000))", [writer, number])
        committed.set(writer, number)
      }
    }, 'app'),
  )
  const invoicing = server.asAdmin(async (query) => {
    for (let id = 1; writing; id += 1) {
      await query('BEGIN')
      await query('INSERT INTO invoices VALUES ($1)', [id])
      for (const line of [1, 2, 3]) await query('INSERT INTO lines VALUES ($1, $2)', [id, line])
      await query('COMMIT')
      invoiced = id
      // Files that come and go, grow and are cut to nothing while they are copied.
      await query('TRUNCATE passing')
      await query('INSERT INTO passing SELECT generate_series(1, 2000)')
    }
  }, 'app')
  await expect.poll(() => [...committed.values()].filter((number) => number > 200)).toHaveLength(3)

  const before = new Map(committed)
  const backups = []
  for (let count = 0; count < 3; count += 1) {
    backups.push(await storage.snapshot(server))
    const reached = invoiced
    await expect.poll(() => invoiced).toBeGreaterThan(reached)
  }
  const after = new Map(committed)
  await expect.poll(() => committed.get(1)).toBeGreaterThan(after.get(1)! + 50)
  writing = false
  await Promise.all([...writers, invoicing])

  const states: State[] = []
  for (const backup of backups) {
    const restored = storage.newServer()
    await storage.restore(restored, backup)
    await restored.start()
    states.push(await readState(restored))
    await storage.remove(restored)
  }
  for (const { written, invoices, lines } of states) {
    for (const writer of [1, 2, 3]) {
      expect(written.get(writer)).toBeGreaterThanOrEqual(before.get(writer)!)
      // One more may have been committed than its writer had heard of.
      expect(written.get(writer)).toBeLessThanOrEqual(after.get(writer)! + 1)
    }
    expect(lines, 'an invoice is there with all of its lines, or not at all').toBe(invoices * 3)
  }
  expect(states[2]!.invoices).toBeGreaterThan(states[0]!.invoices)
})

test('what was committed survives a server that is killed', async () => {
  await server.asAdmin((query) => query('CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id'), 'app')
  await server.stop('immediate')
  await server.start()
  const [row] = await server.asAdmin((query) => query('SELECT count(*)::int AS count FROM kept'), 'app')
  expect(row).toEqual({ count: 1000 })
})

test('the master user owns its database and is not a superuser', async () => {
  const rows = await server.asAdmin((query) =>
    query("SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'app'"),
  )
  expect(rows).toEqual([{ rolsuper: false, rolcreatedb: true, rolcreaterole: true }])
})

test('programs that `nobody` cannot reach are copied to where it can', { skip: process.getuid?.() !== 0 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-private-'))
  await using _keeper = new ProcessKeeper(folder)
  await chmod(folder, 0o711)
  const data = join(folder, 'data', 'rds')
  await mkdir(data, { recursive: true })
  const { postgres } = await findPostgres(data)
  const installed = join(folder, 'private', 'native')
  await mkdir(join(folder, 'private'), { mode: 0o700 })
  await cp(join(postgres, '../..'), installed, { recursive: true, verbatimSymlinks: true })
  const found = await findPostgres(data, { native: installed, version: '18.4.0' })
  expect(found.postgres).toBe(join(data, 'server', 'bin', 'postgres'))
  const { stdout } = await promisify(execFile)(found.postgres, ['--version'], found.runAs)
  expect(stdout).toContain('PostgreSQL')
})

test('data lies where `nobody` can reach it, also when TMPDIR is private to root', async () => {
  const open = await mkdtemp(join(tmpdir(), 'deploy-kit-open-'))
  await using _keeper = new ProcessKeeper(open)
  await chmod(open, 0o755)
  const isPrivate = join(open, 'private')
  await mkdir(isPrivate, { mode: 0o700 })
  try {
    vi.stubEnv('TMPDIR', open)
    expect(await reachableTemporaryFolder()).toBe(open)
    vi.stubEnv('TMPDIR', isPrivate)
    expect(await reachableTemporaryFolder()).toBe(process.getuid?.() === 0 ? '/tmp' : isPrivate)
  } finally {
    vi.unstubAllEnvs()
  }
})
