import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createWorkspace } from './testing/workspace.ts'

const options = { compression: 'none', baseline: 'none' }

test('links to folders are not followed, links to files are the files', async () => {
  await using workspace = await createWorkspace({ 'real/a.js': 'xxx', 'dist/b.js': 'x' })
  await workspace.link('../real', 'dist/linked')
  await workspace.link('../real/a.js', 'dist/copy.js')
  const run = await workspace.run({ files: 'dist/**/*.js', ...options })
  expect(run.outputs.total).toBe('4')
})

test('a pattern that begins behind a link to a folder matches nothing, and the message says why', async () => {
  await using workspace = await createWorkspace({ 'real/a.js': 'xxx' })
  await workspace.link('real', 'dist')
  const run = await workspace.run({ files: 'dist/*.js', ...options })
  expect(run.exitCode).toBe(1)
  expect(JSON.parse(run.outputs.violations ?? '')[0].message).toMatch(
    /dist\/\*\.js matches no file \(dist is a link to a folder, and those are not followed\)/,
  )
})

test('a link that leads nowhere, a device and a name that is not UTF-8 are errors', async () => {
  await using workspace = await createWorkspace({ 'dist/a.js': 'x' })
  await workspace.link('gone', 'dist/broken.js')
  await workspace.link('/dev/zero', 'dist/endless.js')
  await writeFile(
    Buffer.concat([Buffer.from(join(workspace.path, 'dist/')), Buffer.from([0xff, 0xfe]), Buffer.from('.js')]),
    'x',
  )
  const run = await workspace.run({ files: 'dist/*.js', ...options })
  expect(run.exitCode).toBe(1)
  const [error] = run.annotations
  expect(error?.message).toMatch(
    /^3 files cannot be measured:\n- dist\/broken\.js: ENOENT.*\n- dist\/endless\.js: it is not a regular file\n- dist\/.*: ENOENT/,
  )
})

test('a folder whose name is not UTF-8 is an error too, never left out', async () => {
  await using workspace = await createWorkspace({ 'dist/a.js': 'x' })
  const folder = Buffer.concat([Buffer.from(join(workspace.path, 'dist/')), Buffer.from([0xff])])
  await mkdir(folder)
  await writeFile(Buffer.concat([folder, Buffer.from('/b.js')]), 'xx')
  const run = await workspace.run({ files: 'dist/**/*.js', ...options })
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toMatch(/A folder that dist\/\*\*\/\*\.js looks into cannot be read: .*not UTF-8/)
  expect((await workspace.run({ files: 'dist/*.js', ...options })).outputs.total).toBe('1')
})

test('names with blanks, newlines, bars, backticks and brackets are measured and shown safely', async () => {
  const names = ['a b.js', 'new\nline.js', 'bar|bar.js', 'tick`tick.js', '[id].js', '::error::x.js', '<img src=x>.js']
  await using workspace = await createWorkspace(Object.fromEntries(names.map((name) => [`dist/${name}`, 'xxxxx'])))
  const files = [
    'bar | dist/bar\\|bar.js',
    'id | dist/\\[id\\].js',
    'either | dist/@(a b|tick`tick).js',
    'all | dist/*.js',
  ].join('\n')
  const run = await workspace.run({ files, ...options, budget: '4 B' })
  expect(run.outputs.total).toBe(String(names.length * 5))
  expect(
    JSON.parse(run.outputs.violations ?? '').map((each: { name: string; bytes: number }) => [each.name, each.bytes]),
  ).toEqual([
    ['bar', 5],
    ['id', 5],
    ['either', 10],
    ['all', 35],
  ])
})

test('a folder stands for everything in it, and a path may be absolute inside the workspace', async () => {
  await using workspace = await createWorkspace({ 'dist/a.js': 'x', 'dist/deep/b.js': 'x', 'dist/deep/c.js.map': 'x' })
  expect((await workspace.run({ files: 'dist', ...options })).outputs.total).toBe('2')
  expect((await workspace.run({ files: `${workspace.path}/dist/*.js`, ...options })).outputs.total).toBe('1')
  expect((await workspace.run({ files: './dist/deep/../a.js', ...options })).outputs.total).toBe('1')
})

test('files above the size that is compressed in one piece give the same bytes', async () => {
  await using workspace = await createWorkspace()
  await mkdir(join(workspace.path, 'dist'))
  const { gzipSync } = await import('node:zlib')
  const content = Buffer.from(Array.from({ length: 900_000 }, (_, at) => `${at * 7919}`).join(','))
  await workspace.write({ 'dist/large.js': content })
  const run = await workspace.run({ files: 'dist/*.js', baseline: 'none' })
  expect(content.length).toBeGreaterThan(4 * 1024 * 1024)
  expect(run.outputs.total).toBe(String(gzipSync(content, { level: 9 }).length))
})
