import { execFileSync } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
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

describe('beside the command-line tools', () => {
  /** What `brotli -q 11` (1.0.9) made of this as its standard input. */
  const BROTLI: readonly (readonly [content: Buffer, bytes: number])[] = [
    [Buffer.from(''), 1],
    [Buffer.from(code(3, 1008)), 316],
    [Buffer.from(code(5, 20_000)), 4628],
    [Buffer.from(code(7, 65_520)), 14_101],
    [Buffer.from(code(11, 300_000)), 59_553],
    [Buffer.from(code(13, 600_000)), 114_188],
    // The end is the same as the beginning, farther away than Node's own window reaches: with that it is 40,102.
    [Buffer.concat([noise(20_000), Buffer.alloc(4_300_000), noise(20_000)]), 20_030],
  ]

  test('brotli gives the same bytes', async () => {
    const files = BROTLI.map(([content], at) => [`${at}.js`, content] as const)
    await using workspace = await createWorkspace(Object.fromEntries(files))
    const tasks = files.map(([path]) => ({ path, compression: 'brotli' as const }))
    const results = await measureSizes(tasks, workspace.path, never)
    expect(results.map((result) => 'bytes' in result && result.bytes)).toEqual(BROTLI.map(([, bytes]) => bytes))
  })

  test('gzip differs from GNU gzip by no more than the documentation says', async () => {
    const folder = dirname(fileURLToPath(import.meta.resolve('yaml')))
    const paths = globSync('**/*.js', { cwd: folder }).filter((path) => statSync(`${folder}/${path}`).size > 1000)
    const results = await measureSizes(
      paths.map((path) => ({ path, compression: 'gzip' as const })),
      folder,
      never,
    )
    const bytes = results.map((result) => ('bytes' in result ? result.bytes : Number.NaN))
    const expected = paths.map((path) => execFileSync('gzip', ['-9', '-n', '-c', path], { cwd: folder }).length)
    expect(bytes.length).toBeGreaterThan(30)
    for (const [at, path] of paths.entries())
      expect(Math.abs((bytes[at] ?? 0) / (expected[at] ?? 0) - 1), path).toBeLessThan(0.04)
    expect(Math.abs(sum(bytes) / sum(expected) - 1)).toBeLessThan(0.01)
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

/** Bytes that nothing makes smaller. */
function noise(length: number): Buffer {
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  }
  return Buffer.from(Array.from({ length }, next))
}
