import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createWorkspace, pushToMain } from './testing/workspace.ts'

const script = (length: number): string =>
  Array.from({ length }, (_, at) => `export const v${at} = ${at * 7919}\n`).join('')
const gzipBytes = (content: string): number => gzipSync(content, { level: 9 }).length
const quiet = { baseline: 'none' }

describe('budgets', () => {
  test('a line is the sum of its files, compressed one by one with gzip 9', async () => {
    await using workspace = await createWorkspace({
      'dist/a.js': script(100),
      'dist/b.js': script(50),
      'dist/b.js.map': '{}',
    })
    const run = await workspace.run({ files: 'dist/**', ...quiet })
    expect(run.log).toEqual(expect.arrayContaining([expect.stringContaining('All limits held')]))
    expect(run.exitCode).toBe(0)
    expect(run.outputs.total).toBe(String(gzipBytes(script(100)) + gzipBytes(script(50))))
    expect(run.outputs).toMatchObject({
      passed: 'true',
      violations: '[]',
      'baseline-found': 'false',
      delta: '',
      'delta-percent': '',
    })
  })

  test('exactly the budget passes, one byte more does not', async () => {
    await using workspace = await createWorkspace({ 'dist/a.js': 'x'.repeat(1000) })
    const options = { files: 'dist/*.js', compression: 'none', ...quiet, 'warn-at': '100%' }
    expect((await workspace.run({ ...options, budget: '1 kB' })).exitCode).toBe(0)
    const over = await workspace.run({ ...options, budget: '999 B' })
    expect(over.exitCode).toBe(1)
    expect(over.outputs.passed).toBe('false')
    expect(JSON.parse(over.outputs.violations ?? '')).toEqual([
      {
        rule: 'budget',
        name: 'dist/*.js',
        bytes: 1000,
        limit: 999,
        message: 'dist/*.js is 1.00 kB (1,000 bytes), 1 B over its budget of 999 B.',
      },
    ])
    expect(over.annotations).toEqual([
      { level: 'error', title: 'deploy-kit bundle-size-gate', message: expect.stringContaining('1 B over its budget') },
    ])
  })

  test('from warn-at on, a line within its budget warns and passes', async () => {
    await using workspace = await createWorkspace({ 'dist/a.js': 'x'.repeat(900) })
    const run = await workspace.run({ files: 'app | dist/*.js | 1 kB', compression: 'none', ...quiet })
    expect(run.exitCode).toBe(0)
    expect(run.annotations).toEqual([
      expect.objectContaining({ level: 'warning', message: expect.stringContaining('90.0 % of its budget') }),
    ])
  })

  test('a line keeps its own budget, others take the common one, and a file on two lines counts once in the total', async () => {
    await using workspace = await createWorkspace({ 'a.js': 'x'.repeat(500), 'b.js': 'x'.repeat(300) })
    const files = 'all | *.js | 10 kB\nonly b | b.js'
    const run = await workspace.run({ files, compression: 'none', budget: '299', 'total-budget': '799', ...quiet })
    expect(run.outputs.total).toBe('800')
    const rules = JSON.parse(run.outputs.violations ?? '').map((each: { rule: string; name: string }) => [
      each.rule,
      each.name,
    ])
    expect(rules).toEqual([
      ['budget', 'only b'],
      ['total-budget', 'total'],
    ])
  })

  test('a line that matches no file, or only empty ones, fails unless fail-on-missing is off', async () => {
    await using workspace = await createWorkspace({ 'dist/empty.js': '' })
    const files = 'gone | build/*.js\nempty | dist/*.js'
    const run = await workspace.run({ files, ...quiet })
    expect(run.exitCode).toBe(1)
    expect(JSON.parse(run.outputs.violations ?? '').map((each: { message: string }) => each.message)).toEqual([
      'gone: build/*.js matches no file. Was it built, and is the glob right?',
      'empty: dist/empty.js is empty. Was it built, and is the glob right?',
    ])
    const allowed = await workspace.run({ files, 'fail-on-missing': 'false', ...quiet })
    expect(allowed.exitCode).toBe(0)
  })

  test('the report file has every line and file', async () => {
    await using workspace = await createWorkspace({ 'dist/a.js': 'x'.repeat(900) })
    const run = await workspace.run({ files: 'app | dist/*.js', compression: 'none', ...quiet })
    expect(run.outputs['report-path']?.startsWith(workspace.runnerTemp)).toBe(true)
    const report = JSON.parse(await readFile(run.outputs['report-path'] ?? '', 'utf8'))
    expect(report.lines).toEqual([
      expect.objectContaining({ name: 'app', bytes: 900, files: [{ path: 'dist/a.js', bytes: 900, rawBytes: 900 }] }),
    ])
  })
})

describe('a baseline in a file', () => {
  const options = {
    files: 'app | dist/*.js',
    compression: 'none',
    baseline: 'file',
    'baseline-file': 'sizes/base.json',
  }

  test('is written by a run of the default branch, over budget or not, and read by every run', async () => {
    await using workspace = await createWorkspace({ 'dist/app.3f2a9c1b.js': 'x'.repeat(10_000) })
    const first = await workspace.run({ ...options, budget: '1 kB' }, ...pushToMain('a'.repeat(40)))
    expect(first.exitCode).toBe(1)
    expect(first.outputs).toMatchObject({ 'baseline-found': 'false', delta: '', 'baseline-sha': '' })
    await using changed = await createWorkspace({
      'dist/app.99e1b2c4.js': 'x'.repeat(12_000),
      'sizes/base.json': await readFile(`${workspace.path}/sizes/base.json`),
    })
    const second = await changed.run({ ...options, 'max-increase': '2 kB', 'max-increase-percent': '20%' })
    expect(second.exitCode).toBe(0)
    expect(second.outputs).toMatchObject({
      'baseline-found': 'true',
      'baseline-sha': 'a'.repeat(40),
      delta: '2000',
      'delta-percent': '20',
    })
    expect(second.summary).toContain('`dist/app.[hash].js`')
    const third = await changed.run({ ...options, 'max-increase': '1999', 'max-increase-percent': '19.99' })
    expect(third.exitCode).toBe(1)
    const rules = JSON.parse(third.outputs.violations ?? '').map(
      (each: { rule: string; name: string }) => `${each.rule} ${each.name}`,
    )
    expect(rules).toEqual([
      'max-increase app',
      'max-increase-percent app',
      'max-increase total',
      'max-increase-percent total',
    ])
  })

  test('is not written by a pull request, whatever ref it runs on', async () => {
    await using workspace = await createWorkspace({ 'dist/app.js': 'x'.repeat(100) })
    const pull = { number: 7, base: { sha: 'b'.repeat(40) }, head: { sha: 'c'.repeat(40) }, labels: [] }
    const environment = {
      GITHUB_EVENT_NAME: 'pull_request_target',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: 'b'.repeat(40),
    }
    const event = { repository: { default_branch: 'main' }, pull_request: pull }
    await workspace.run({ ...options, comment: 'never' }, environment, event)
    await expect(readFile(`${workspace.path}/sizes/base.json`)).rejects.toThrow('ENOENT')
  })

  test('a smaller growth than min-change never fails, and a new line counts for the total only', async () => {
    await using workspace = await createWorkspace({ 'dist/app.js': 'x'.repeat(1000), 'dist/new.css': 'x'.repeat(5000) })
    await workspace.run(options, ...pushToMain('a'.repeat(40)))
    await workspace.write({ 'dist/app.js': 'x'.repeat(1999) })
    const limits = { ...options, 'max-increase': '0 B' }
    expect((await workspace.run(limits)).exitCode).toBe(0)
    const withNew = await workspace.run({ ...limits, files: 'app | dist/*.js\nstyles | dist/*.css' })
    const violations = JSON.parse(withNew.outputs.violations ?? '')
    expect(violations.map((each: { name: string }) => each.name)).toEqual(['total'])
  })

  test.each([
    ['{', /is not JSON/],
    ['{"format":2}', /has format 2, which is newer/],
    ['{"format":1,"gates":[{"key":1}]}', /is not a baseline \(gates\.0\.key/],
    ['[]', /is not a baseline/],
  ])('that cannot be used (%s) counts as missing and says why', async (content, reason) => {
    await using workspace = await createWorkspace({ 'dist/app.js': 'x'.repeat(100), 'sizes/base.json': content })
    const warned = await workspace.run(options)
    expect(warned.exitCode).toBe(0)
    expect(warned.outputs['baseline-found']).toBe('false')
    expect(warned.annotations).toEqual([
      { level: 'warning', title: expect.anything(), message: expect.stringMatching(reason) },
    ])
    const failed = await workspace.run({ ...options, 'on-missing-baseline': 'fail' })
    expect(failed.exitCode).toBe(1)
    const ignored = await workspace.run({ ...options, 'on-missing-baseline': 'ignore' })
    expect(ignored.annotations).toEqual([])
  })

  test('of another compression counts as missing', async () => {
    await using workspace = await createWorkspace({ 'dist/app.js': 'x'.repeat(100) })
    await workspace.run({ ...options, compression: 'gzip' }, ...pushToMain('a'.repeat(40)))
    const run = await workspace.run(options)
    expect(run.annotations[0]?.message).toMatch(/compression gzip, and this run measures with none/)
  })
})

test("another gate's baseline is used when it alone has such a line, and the report says so", async () => {
  await using workspace = await createWorkspace({ 'dist/app.js': 'x'.repeat(1000) })
  const options = { files: 'dist/*.js', compression: 'none', baseline: 'file', 'baseline-file': 'base.json' }
  await workspace.run({ ...options, 'comment-key': 'one' }, ...pushToMain('a'.repeat(40)))
  const renamed = await workspace.run({ ...options, 'comment-key': 'renamed' })
  expect(renamed.outputs.delta).toBe('0')
  expect(renamed.summary).toContain("(base.json), measured by the gate 'one'.")
  await workspace.run({ ...options, 'comment-key': 'two' }, ...pushToMain('a'.repeat(40)))
  const third = await workspace.run({ ...options, 'comment-key': 'three' })
  expect(third.outputs['baseline-found']).toBe('false')
  expect(third.summary).toContain("other gates ('one', 'two'), several of which have lines like this one")
})
