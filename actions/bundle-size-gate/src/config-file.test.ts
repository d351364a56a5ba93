import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createWorkspace } from './testing/workspace.ts'

const quiet = { baseline: 'none' }
const text = 'const answer = 42\n'.repeat(100)
const rules = (violations: string | undefined): string[] =>
  JSON.parse(violations ?? '[]').map((each: { rule: string; name: string }) => `${each.rule} ${each.name}`)

describe('a file with the keys of the inputs', () => {
  test('wins over the input of the same name, in YAML and in JSON', async () => {
    await using workspace = await createWorkspace({
      'a.js': text,
      'size.yml': 'files:\n  - app | *.js\nbudget: 1 B\ncompression: none\nfail-on-missing: true\n',
      'size.json': '{"files": "app | *.js", "budget": 1, "compression": "none"}',
    })
    for (const config of ['size.yml', 'size.json']) {
      const run = await workspace.run({ config, budget: '1 MB', ...quiet })
      expect(run.outputs.total).toBe(String(text.length))
      expect(rules(run.outputs.violations)).toEqual(['budget app'])
    }
  })

  test.each([
    ['buget: 5 kB', /config: size\.yml: buget is not an input of this action/],
    ['files: [{a: 1}]', /files has to be text, a number, a boolean or a list of these/],
    ['github-token: abc', /github-token cannot be set in a file/],
    ['files: a.js\nbudget: large', /^config: size\.yml: budget: 'large' is not a size/],
    ['files: a.js\nbaseline: file', /the file of the baseline is not given/],
    ['budget: 5 kB', /^files: is required/],
    ['files: ../*.js', /leaves the workspace/],
    ['- : [', /is neither JSON nor YAML/],
    ['', /holds no keys/],
  ])('with %j is refused', async (content, message) => {
    await using workspace = await createWorkspace({ 'a.js': text, 'size.yml': content })
    const run = await workspace.run({ config: 'size.yml' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(message)
  })
})

test('what is wrong with inputs, the file, and places outside the workspace comes in one message', async () => {
  const content = 'files: [/etc/passwd]\nmin-change: some\nwarn-at: 200%\nbaseline: none\nmax-increase: 1 kB\n'
  await using workspace = await createWorkspace({ 'size.yml': content })
  const given = { config: 'size.yml', budget: 'large', comment: 'maybe', exclude: '/tmp/**', 'next-dir': '../web' }
  const run = await workspace.run(given)
  const noSize = 'is not a size; write a number with a unit, such as 250 kB, 1.5 MB or 250 KiB'
  expect(run.annotations.map(({ message }) => message.split('\n'))).toEqual([
    [
      '8 inputs cannot be used:',
      `- budget: 'large' ${noSize}`,
      "- comment: 'maybe' is not one of auto, always, never",
      `- config: size.yml: min-change: 'some' ${noSize}`,
      "- config: size.yml: warn-at: '200%' is too large; the most is 100%",
      '- max-increase: could never fail with baseline: none, which compares with nothing',
      "- files: '/etc/passwd' leaves the workspace; only files inside it can be measured",
      "- exclude: '/tmp/**' leaves the workspace; only files inside it can be measured",
      "- next-dir: '../web' lies outside the workspace; only files inside it can be measured",
      'Nothing was sent or changed. Correct the `with:` block of this step.',
    ],
  ])
})

describe('a configuration of size-limit', () => {
  const config = [
    { path: 'dist/*.js', limit: '1 kB', name: 'scripts' },
    { path: ['dist/*.css', '!dist/old.css'], limit: '1 B', gzip: true },
    { path: 'dist/a.js', limit: '1.8 kB', brotli: false, name: 'as it is' },
  ]
  const files = { 'web/dist/a.js': text, 'web/dist/a.js.map': text, 'web/dist/x.css': text, 'web/dist/old.css': text }

  test('is read as it is: its own folder, compression an entry (brotli when none is named), kB of 1,000', async () => {
    await using workspace = await createWorkspace({ ...files, 'web/.size-limit.json': JSON.stringify(config) })
    const run = await workspace.run({ config: 'web/.size-limit.json', ...quiet, 'warn-at': '100%' })
    expect(rules(run.outputs.violations)).toEqual(['budget dist/*.css, !dist/old.css'])
    expect(run.log).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`scripts: ${brotliCompressSync(text).length} B`),
        expect.stringContaining(`${gzipSync(text, { level: 9 }).length} B of 1 B, gzip`),
        expect.stringContaining('as it is: 1.80 kB'),
      ]),
    )
  })

  test('is found in package.json', async () => {
    await using workspace = await createWorkspace({
      ...files,
      'web/package.json': JSON.stringify({ name: 'web', 'size-limit': config }),
    })
    const run = await workspace.run({ config: 'web/package.json', ...quiet })
    expect(rules(run.outputs.violations)).toEqual(['budget dist/*.css, !dist/old.css'])
  })

  test.each([
    [[{ path: 'a.js', limit: '500 ms' }], /entry 'a\.js': the limit '500 ms' is a time/],
    [[{ path: 'a.js', limit: '1 s' }], /is a time/],
    [[{ path: 'a.js', limit: '10 files' }], /is a time|is not a size/],
    [[{ path: 'a.js', limit: 'lots' }], /is a time|is not a size/],
    [[{ path: 'a.js', import: '{ a }' }], /entry 'a\.js' has import, which lets size-limit build a bundle/],
    [[{ entry: 'main' }], /entry 1 has entry.*; entry 1 has no path/],
    [[{ path: 'a.js', time: { latency: '1s' } }], /measures time \(time\)/],
    [[{ path: '../a.js' }], /leaves the workspace/],
    [[{ path: 5 }], /0\.path/],
    [[], /has no entries/],
  ])('with %j is refused by name', async (entries, message) => {
    await using workspace = await createWorkspace({ 'a.js': text, '.size-limit.json': JSON.stringify(entries) })
    const run = await workspace.run({ config: '.size-limit.json', ...quiet })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(message)
  })
})

describe('a configuration of bundlesize or bundlewatch', () => {
  test('holds for each file, with kB of 1,024 and the compression of the entry', async () => {
    await using workspace = await createWorkspace({
      'dist/a.3f2a9c1b.js': 'x'.repeat(1024),
      'dist/b.99aa12cd.js': 'x'.repeat(1025),
      'bundlesize.config.json': JSON.stringify({
        files: [{ path: './dist/*.js', maxSize: '1 kB', compression: 'none' }],
      }),
    })
    const run = await workspace.run({ config: 'bundlesize.config.json', ...quiet, 'warn-at': '100%' })
    expect(rules(run.outputs.violations)).toEqual(['budget dist/b.[hash].js'])
  })

  test('of bundlewatch: defaultCompression, normalizeFilenames; what concerns its service is only noted', async () => {
    const config = {
      files: [{ path: 'dist/**/*.js', maxSize: '10 B' }],
      defaultCompression: 'none',
      normalizeFilenames: '^.+?(\\.\\w+)\\.(?:js|css)$',
      ci: { trackBranches: ['main'] },
    }
    await using workspace = await createWorkspace({
      'dist/app.abc.js': 'x'.repeat(11),
      '.bundlewatch.config.json': JSON.stringify(config),
    })
    const run = await workspace.run({ config: '.bundlewatch.config.json', ...quiet })
    expect(rules(run.outputs.violations)).toEqual(['budget dist/app.js'])
    expect(run.log).toContain("ci concern bundlewatch's own service and are not used.")
  })

  test.each([
    [{ files: [{ path: 'a.js', maxSize: '10 KiB' }] }, /maxSize '10 KiB' is not a size that this tool reads/],
    [{ files: [{ path: 'a.js', maxsize: '10 kB' }] }, /maxsize/],
    [{ files: [{ path: 'a.js', compression: 'zip' }] }, /files\.0\.compression/],
    [{ files: [{ path: 'a.js' }], normalizeFilenames: '[' }, /normalizeFilenames is not a regular expression/],
    [{ 'size-limit': [], bundlesize: [] }, /configures size-limit and bundlesize; leave one of them/],
  ])('with %j is refused', async (config, message) => {
    await using workspace = await createWorkspace({ 'a.js': text, 'sizes.json': JSON.stringify(config) })
    const run = await workspace.run({ config: 'sizes.json', ...quiet })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(message)
  })

  test('does not go together with files or compression', async () => {
    await using workspace = await createWorkspace({
      'a.js': text,
      'package.json': '{"bundlesize": [{"path": "a.js"}]}',
    })
    const run = await workspace.run({ config: 'package.json', files: 'b.js', compression: 'brotli' })
    expect(run.annotations[0]?.message).toMatch(
      /- files: bundlesize's configuration says.*\n- compression: bundlesize's/,
    )
  })
})
