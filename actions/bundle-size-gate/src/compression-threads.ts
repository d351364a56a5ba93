import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { type BrotliOptions, brotliCompressSync, gzipSync, type ZlibOptions } from 'node:zlib'
import { systemClock } from '@deploy-kit/core/clock'
import { messageOf } from '@deploy-kit/core/errors'
import * as v from 'valibot'

/**
 * What a thread runs: the next file that nobody has taken, the largest first, with the same calls as this thread makes.
 * It is a text because a bundle stands alone: there is no file beside it that a thread could start from.
 */
const PROGRAM = `
const { readFileSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const { brotliCompressSync, gzipSync } = require('node:zlib')
const { paths, brotli, options, taken, sizes } = workerData
const problems = []
for (let at = 0; at < paths.length; at += 1) {
  if (Atomics.exchange(taken, at, 1) !== 0) continue
  try {
    const content = readFileSync(paths[at])
    sizes[at] = (brotli[at] ? brotliCompressSync(content, options.brotli) : gzipSync(content, options.gzip)).length
  } catch (error) {
    problems.push({ at, problem: error.message })
  }
}
parentPort.postMessage(problems)
`

const problemsSchema = v.array(v.object({ at: v.number(), problem: v.string() }))

/** This thread looks at what else there is to do (a cancelled job) so often. */
const LISTEN_EVERY_MS = 20

export interface WholeFile {
  /** Absolute. */
  readonly path: string
  readonly compression: 'gzip' | 'brotli'
}

/**
 * The compressed bytes of each file, or what is wrong with it, in the order of `files`: the largest first.
 *
 * This thread works from the small end, and one more for each further core from the large end, until
 * they meet: so nobody waits until the others have started, nor long for the last one. Each has one file in memory.
 */
export async function compressFiles(
  files: readonly WholeFile[],
  options: { readonly gzip: ZlibOptions; readonly brotli: BrotliOptions },
  signal: AbortSignal,
): Promise<(number | { readonly problem: string })[]> {
  const taken = new Int32Array(new SharedArrayBuffer(files.length * Int32Array.BYTES_PER_ELEMENT))
  const sizes = new Float64Array(new SharedArrayBuffer(files.length * Float64Array.BYTES_PER_ELEMENT))
  const problems = new Map<number, string>()
  const brotli = Uint8Array.from(files, ({ compression }) => (compression === 'brotli' ? 1 : 0))
  const workerData = { paths: files.map(({ path }) => path), brotli, options, taken, sizes }
  const workers = await startWorkers(Math.min(availableParallelism(), files.length) - 1, workerData)
  const stop = (): void => {
    for (const worker of workers) void worker.terminate()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const others = Promise.all(workers.map((worker) => resultOf(worker)))
    // Whoever fails is asked below, when this thread has done its part.
    others.catch(() => undefined)
    for await (const at of fromSmallEnd(taken, signal)) {
      const { path, compression } = files[at] as WholeFile
      try {
        const content = readFileSync(path)
        sizes[at] = compress[compression](content, options).length
      } catch (error) {
        problems.set(at, messageOf(error))
      }
    }
    for (const { at, problem } of (await others).flat()) problems.set(at, problem)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
  return Array.from(sizes, (bytes, at) => {
    const problem = problems.get(at)
    return problem === undefined ? bytes : { problem }
  })
}

async function startWorkers(count: number, workerData: object): Promise<Worker[]> {
  const { Worker } = await import('node:worker_threads')
  return Array.from({ length: count }, () => {
    return new Worker(PROGRAM, { eval: true, workerData, env: {}, execArgv: [] })
  })
}

const compress = {
  gzip: (content: Buffer, options: { gzip: ZlibOptions }) => gzipSync(content, options.gzip),
  brotli: (content: Buffer, options: { brotli: BrotliOptions }) => brotliCompressSync(content, options.brotli),
}

/** Takes one file after the other, until somebody else has taken the next or `signal` aborts. */
async function* fromSmallEnd(taken: Int32Array, signal: AbortSignal): AsyncGenerator<number> {
  let listenedAtMs = systemClock.nowMs()
  for (let at = taken.length - 1; at >= 0; at -= 1) {
    if (signal.aborted || Atomics.exchange(taken, at, 1) !== 0) return
    yield at
    if (systemClock.nowMs() - listenedAtMs < LISTEN_EVERY_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    listenedAtMs = systemClock.nowMs()
  }
}

/** What a thread found wrong, once it finds nothing more to do; nothing when it was stopped. */
function resultOf(worker: Worker): Promise<v.InferOutput<typeof problemsSchema>> {
  const { promise, resolve, reject } = Promise.withResolvers<v.InferOutput<typeof problemsSchema>>()
  worker.on('message', (message) => resolve(v.parse(problemsSchema, message)))
  worker.on('error', reject)
  worker.on('exit', () => resolve([]))
  return promise
}
