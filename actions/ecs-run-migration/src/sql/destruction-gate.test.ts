import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { describe, expect, test } from 'vitest'
import { action } from '../action.ts'

async function run(files: Readonly<Record<string, string | Buffer>>, inputs: Readonly<Record<string, string>>) {
  const workspace = await mkdtemp(join(tmpdir(), 'workspace-'))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, path)), { recursive: true })
    await writeFile(join(workspace, path), content)
  }
  await symlink('/etc/hostname', join(workspace, 'outside.sql'))
  return runInMemory(action, {
    inputs: { cluster: 'production', service: 'ledger', timeout: '1ms', interval: '1ms', ...inputs },
    // Nothing listens there: a run that gets past the check fails at its first request.
    environment: { AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:1', GITHUB_WORKSPACE: workspace },
  })
}

const files = {
  'db/001_create.sql': 'CREATE TABLE a (b int);',
  'db/002_clean.sql': '-- step one\nALTER TABLE a ADD c int;\n\nALTER TABLE a\n  DROP COLUMN b;\nDROP TABLE old;',
}
const went = 'ecs:DescribeServices on service ledger'

describe('migrations', () => {
  test('that destroy stop the run before the first request, with file, line and statement', async () => {
    const { annotations, exitCode, log } = await run(files, { migrations: 'db/*.sql' })
    expect(exitCode).toBe(1)
    expect(log).toEqual([])
    expect(annotations[0]?.message).toBe(
      [
        '2 destructive statements in 2 SQL files. Nothing was run.',
        'db/002_clean.sql:5: DROP COLUMN in: ALTER TABLE a DROP COLUMN b',
        'db/002_clean.sql:6: DROP TABLE in: DROP TABLE old',
        'If this is meant, take a snapshot with rds-snapshot, name it in require-snapshot and set allow-destructive: true.',
      ].join('\n'),
    )
  })

  test('that destroy nothing are said to, and the run goes on', async () => {
    const { annotations, log } = await run(files, { migrations: 'db/001*.sql' })
    expect(log).toContain('1 SQL file checked: no DROP, no TRUNCATE, no column drop.')
    expect(annotations[0]?.message).toContain(went)
  })

  test('that destroy go on only when that is allowed and a snapshot is named', async () => {
    const inputs = { migrations: 'db/*.sql' }
    const allowed = await run(files, { ...inputs, 'allow-destructive': 'true' })
    expect(allowed.annotations[0]?.message).toContain('allow-destructive also needs require-snapshot')
    const named = await run(files, { ...inputs, 'require-snapshot': 'before' })
    expect(named.annotations[0]?.message).toContain('If this is meant, set allow-destructive: true.')
    const both = await run(files, { ...inputs, 'allow-destructive': 'true', 'require-snapshot': 'before' })
    expect(both.log[0]).toBe(
      '::group::Allowed: 2 destructive statements in 2 SQL files, with snapshot before to go back to',
    )
    expect(both.annotations[0]?.message).toContain('rds:DescribeDBSnapshots on snapshot before')
  })

  test('are read by the rules of the dialect that is given', async () => {
    const mysql = { 'a.sql': '# it is said: DROP TABLE x\nSELECT 1;' }
    expect((await run(mysql, { migrations: 'a.sql' })).annotations[0]?.message).toContain(went)
    const read = await run(mysql, { migrations: 'a.sql', 'sql-dialect': 'postgresql' })
    expect(read.annotations[0]?.message).toContain('a.sql:1: DROP TABLE')
  })

  test('that no dialect fits are read by all of them', async () => {
    const { annotations } = await run({ 'a.sql': "SELECT 1; DROP TABLE x; SELECT 'open" }, { migrations: 'a.sql' })
    expect(annotations[0]?.message).toContain('1 destructive statement in 1 SQL file')
  })

  test('of which no dialect can tell where a string ends are read line by line, too', async () => {
    const sql = "INSERT INTO a VALUES (1); \nSELECT 'open;\n  ALTER TABLE b\n  DROP COLUMN c;\nDROP TABLE d;"
    const { annotations } = await run({ 'a.sql': sql }, { migrations: 'a.sql' })
    expect(annotations[0]?.message).toContain('a.sql:4: DROP COLUMN in: DROP COLUMN c')
    expect(annotations[0]?.message).toContain('a.sql:5: DROP TABLE in: DROP TABLE d')
  })

  test('may be as large as a dump', async () => {
    const dump = `${"INSERT INTO a VALUES (1, 'it''s');\n".repeat(20_000)}DROP TABLE a;`
    const { annotations } = await run({ 'a.sql': dump }, { migrations: 'a.sql' })
    expect(annotations[0]?.message).toContain('a.sql:20001: DROP TABLE in: DROP TABLE a')
  })

  test.each([
    [{ migrations: 'db/*.sql\nnowhere/*.sql' }, "migrations: 'nowhere/*.sql' matches no file in "],
    [{ migrations: '../*.sql' }, "migrations: '../*.sql' leaves the workspace"],
    [{ migrations: '/etc/*.sql' }, "migrations: '/etc/*.sql' leaves the workspace"],
    [{ migrations: 'db/{..,x}/*.sql' }, 'leaves the workspace'],
    [{ migrations: '!db/*.sql' }, "migrations: '!db/*.sql' leaves files out"],
    [{ migrations: 'outside.sql' }, 'outside of the workspace'],
    [{ migrations: 'utf16.sql' }, 'migrations: utf16.sql is not UTF-8 text'],
    [{ migrations: 'db/*.sql', 'sql-dialect': 'postgres' }, "sql-dialect: 'postgres' is not one of"],
  ])('that cannot be read are an error: %j', async (inputs, message) => {
    const utf16 = Buffer.from('\ufeffDROP TABLE a', 'utf16le')
    const { annotations, exitCode } = await run({ ...files, 'utf16.sql': utf16 }, inputs as Record<string, string>)
    expect(exitCode).toBe(1)
    expect(annotations[0]?.message).toContain(message)
  })
})
