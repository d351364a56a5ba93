import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { measureSizes } from './compressed-size.ts'
import { createWorkspace } from './testing/workspace.ts'

const never = new AbortController().signal

/** Text that compresses like code, another one for each seed. */
const code = (seed: number, length: number): string =>
  Array.from(
    { length: Math.ceil(length / 12) },
    (_, at) => `let v${(at * seed) % 9973} = ${(at * 2654435761 + seed) >>> 7}\n`,
  )
    .join('')
    .slice(0, length)

/** So many files are compressed by threads, whatever the number of cores. */
const MANY = 300

test('threads find for each file what zlib makes of it alone, whatever the order', async () => {
  const files = Object.fromEntries(Array.from({ length: MANY }, (_, at) => [`f${at}.js`, code(at + 1, 120 * at)]))
  await using workspace = await createWorkspace(files)
  const tasks = Object.keys(files).map((path) => ({ path, compression: 'gzip' as const }))
  const expected = tasks.map(({ path }) => ({ path, bytes: gzipSync(files[path] ?? '', { level: 9 }).length }))
  const pick = (results: readonly object[]) => results.map((result) => ({ ...expected[0], ...result }))
  const forward = pick(await measureSizes(tasks, workspace.path, never))
  expect(forward.map(({ path, bytes }) => ({ path, bytes }))).toEqual(expected)
  const backward = pick(await measureSizes(tasks.toReversed(), workspace.path, never))
  expect(backward.toReversed()).toEqual(forward)
})

test.each([
  ['few', {}],
  ['many', Object.fromEntries(Array.from({ length: MANY }, (_, at) => [`f${at}.js`, code(at, at)]))],
])('%s files give the same as zlib, with each compression', async (_, more: Readonly<Record<string, string>>) => {
  const files: Record<string, string> = { 'a.js': code(3, 5000), 'b.js': code(5, 90_000), 'empty.js': '', ...more }
  await using workspace = await createWorkspace(files)
  const tasks = (['gzip', 'brotli', 'none'] as const).flatMap((compression) =>
    Object.keys(files).map((path) => ({ path, compression })),
  )
  const results = await measureSizes(tasks, workspace.path, never)
  const bytes = {
    gzip: (text: string) => gzipSync(text, { level: 9 }).length,
    brotli: (text: string) => brotliCompressSync(text).length,
    none: (text: string) => text.length,
  }
  expect(results).toEqual(
    tasks.map(({ path, compression }) => {
      const text = files[path] ?? ''
      return { path, compression, bytes: bytes[compression](text), rawBytes: text.length }
    }),
  )
})

test('a file that goes away while others are compressed is a problem of its own', async () => {
  await using workspace = await createWorkspace({ 'a.js': code(3, 3_000_000) })
  await workspace.link('a.js/impossible', 'b.js')
  const tasks = ['a.js', 'b.js', 'c.js'].map((path) => ({ path, compression: 'gzip' as const }))
  const [a, b, c] = await measureSizes(tasks, workspace.path, never)
  expect(a).toHaveProperty('bytes')
  expect([b, c]).toEqual([
    expect.objectContaining({ problem: expect.stringContaining('ENOTDIR') }),
    expect.objectContaining({ problem: expect.stringContaining('ENOENT') }),
  ])
})

test.each([3, MANY])('a cancelled step ends the compression of %i files', async (count) => {
  const paths = Array.from({ length: count }, (_, at) => `f${at}.js`)
  const length = 20_000_000 / count
  await using workspace = await createWorkspace(Object.fromEntries(paths.map((path) => [path, code(3, length)])))
  const cancel = new AbortController()
  const tasks = paths.map((path) => ({ path, compression: 'brotli' as const }))
  const measured = measureSizes(tasks, workspace.path, cancel.signal)
  setTimeout(() => cancel.abort(), 50)
  await expect(measured).rejects.toThrow('The step was cancelled.')
})
