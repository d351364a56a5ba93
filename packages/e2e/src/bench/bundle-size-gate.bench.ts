/**
 * Part of `npx --yes pnpm@12 bench`: the built bundle-size-gate against size-limit, bundlewatch and a plain loop over
 * node:zlib, on the same 50, 1,000 and 10,000 files in the same run, each from the start of its process to its end.
 * All of them compress every file with gzip and say how large it is.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureReleasedAction } from '@deploy-kit/release/released-action'
import { renderColumns } from '@deploy-kit/release/text-table'

const ROUNDS: Readonly<Record<number, number>> = { 50: 9, 1000: 5, 10000: 3 }
/** Sizes are spread evenly from a tenth of it to 1.9 times it: about what bundlers make of an application. */
const MEAN_BYTES = 40_000
const PEERS = ['size-limit', 'bundlewatch']
const WANTED_OVER_LOOP = 1.6

const bundle = join(await ensureReleasedAction('bundle-size-gate'), 'dist', 'main.mjs')
const sizeLimit = join(fileURLToPath(import.meta.resolve('size-limit/package.json')), '..', 'bin.js')
const bundlewatch = join(fileURLToPath(import.meta.resolve('bundlewatch/package.json')), '..', 'lib', 'bin', 'index.js')

/** What anybody would write first: one file after the other, on one thread. */
const LOOP = `import { globSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
let total = 0
for (const path of globSync('dist/**/*.js')) total += gzipSync(readFileSync(path), { level: 9 }).length
console.log(total)
`

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-bench-'))
  try {
    for (const [count, rounds] of Object.entries(ROUNDS)) {
      const workspace = join(folder, count)
      await fill(workspace, Number(count))
      await compare(workspace, Number(count), rounds)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function compare(workspace: string, count: number, rounds: number): Promise<void> {
  const programs: Readonly<Record<string, readonly string[]>> = {
    'bundle-size-gate': [bundle],
    'plain loop': ['loop.mjs'],
    'size-limit': [sizeLimit],
    bundlewatch: [bundlewatch, '--config', 'bundlewatch.json'],
  }
  const times = new Map<string, number[]>()
  // Round by round rather than one after the other, so that whatever else the machine does meets them all.
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, args] of Object.entries(programs))
      times.set(name, [...(times.get(name) ?? []), await timeOf(name, args, workspace)])
  }
  const ours = median(times.get('bundle-size-gate') ?? [])
  const rows = [...times].map(([name, all]) => {
    const ms = median(all)
    return [name, `${ms.toFixed(0)} ms`, name === 'bundle-size-gate' ? '' : `${(ms / ours).toFixed(2)} ×`]
  })
  console.log(renderColumns([[`${count} files, gzip`, 'median', 'takes so many times as long'], ...rows]))
  const wanted = count < 1000 ? '' : `To be at least ${WANTED_OVER_LOOP} × for the loop on 2 cores. `
  console.log(`${wanted}More than 1 × for ${PEERS.join(' and ')}. ${rounds} rounds, ${availableParallelism()} cores.\n`)
}

async function timeOf(name: string, args: readonly string[], workspace: string): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, {
    cwd: workspace,
    env: {
      PATH: process.env.PATH,
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: join(workspace, 'temp'),
      GITHUB_OUTPUT: join(workspace, 'temp', 'output'),
      GITHUB_STEP_SUMMARY: join(workspace, 'temp', 'summary'),
      INPUT_FILES: 'dist/**/*.js',
      INPUT_BASELINE: 'none',
    },
    stdio: 'ignore',
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return performance.now() - startedAt
}

async function fill(workspace: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const path = join(workspace, 'dist', String(at % 50), `chunk-${at}.js`)
    if (at < 50) await mkdir(dirname(path), { recursive: true })
    await writeFile(path, script(at, MEAN_BYTES * (0.1 + (1.8 * at) / count)))
  }
  await mkdir(join(workspace, 'temp'))
  const config = {
    'loop.mjs': LOOP,
    // size-limit loads the plug-ins that package.json names.
    'package.json': '{ "private": true, "devDependencies": { "@size-limit/file": "*" } }',
    '.size-limit.json': '[{ "path": "dist/**/*.js", "gzip": true, "limit": "10 GB" }]',
    // Its service shortens an address at the end of a run; on this port nobody answers, which it learns at once.
    'bundlewatch.json': JSON.stringify({
      files: [{ path: 'dist/**/*.js', maxSize: '10GB' }],
      bundlewatchServiceHost: 'http://127.0.0.1:9',
    }),
    'temp/output': '',
  }
  for (const [name, content] of Object.entries(config)) await writeFile(join(workspace, name), content)
}

const WORDS =
  'const let function return export import from async await class extends this render props state map'.split(' ')

/** Text that compresses about as scripts do; the same for the same number. */
function script(seed: number, bytes: number): string {
  let state = seed + 1
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % below
  }
  const parts: string[] = []
  for (let length = 0; length < bytes; ) {
    const part = next(3) === 0 ? `${next(1_000_000).toString(36)};` : `${WORDS[next(WORDS.length)]} `
    parts.push(part)
    length += part.length
  }
  return parts.join('')
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

await main()
