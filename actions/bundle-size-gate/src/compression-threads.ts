import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { systemClock } from '@deploy-kit/core/clock'
import { messageOf } from '@deploy-kit/core/errors'
import * as v from 'valibot'
import { brotliOptions, gzipOptions } from './compression-options.ts'

/** What of Node a thread uses. */
const node = { openSync, readSync, closeSync, readFileSync, gzipSync, brotliCompressSync }

/**
 * A function that says how many bytes a file has once it is compressed. All files are read into one buffer: to make one
 * for each takes longer than to read them.
 *
 * Every thread runs this, the others from its text: a bundle stands alone, and there is no file beside it that a thread
 * could start from. So it may use nothing but what it is given.
 */
function createSizer(
  { openSync, readSync, closeSync, readFileSync, gzipSync, brotliCompressSync }: typeof node,
  options: { readonly gzip: typeof gzipOptions; readonly brotli: typeof brotliOptions },
  bufferBytes: number,
): (path: string, brotli: boolean) => number {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes)
  const read = (path: string): Buffer => {
    const file = openSync(path, 'r')
    try {
      let length = 0
      while (length < buffer.length) {
        const count = readSync(file, buffer, length, buffer.length - length, null)
        if (count === 0) return buffer.subarray(0, length)
        length += count
      }
    } finally {
      closeSync(file)
    }
    // It has grown since somebody looked how large it is.
    return readFileSync(path)
  }
  return (path, brotli) => {
    const content = read(path)
    return (brotli ? brotliCompressSync(content, options.brotli) : gzipSync(content, options.gzip)).length
  }
}

/** What another thread runs: the next file that nobody has taken, the largest first. */
const PROGRAM = `
const { closeSync, openSync, readFileSync, readSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const { brotliCompressSync, gzipSync } = require('node:zlib')
const { paths, brotli, options, bufferBytes, taken, sizes } = workerData
const sizeOf = (${createSizer})({ openSync, readSync, closeSync, readFileSync, gzipSync, brotliCompressSync }, options, bufferBytes)
const problems = []
for (let at = 0; at < paths.length; at += 1) {
  if (Atomics.exchange(taken, at, 1) !== 0) continue
  try {
    sizes[at] = sizeOf(paths[at], brotli[at] === 1)
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
  readonly rawBytes: number
}

/**
 * The compressed bytes of each file, or what is wrong with it, in the order of `files`: the largest first.
 *
 * This thread works from the small end, and one more for each further core from the large end, until
 * they meet: so nobody waits until the others have started, nor long for the last one. Each has one file in memory.
 */
export async function compressFiles(
  files: readonly WholeFile[],
  signal: AbortSignal,
): Promise<(number | { readonly problem: string })[]> {
  const taken = new Int32Array(new SharedArrayBuffer(files.length * Int32Array.BYTES_PER_ELEMENT))
  const sizes = new Float64Array(new SharedArrayBuffer(files.length * Float64Array.BYTES_PER_ELEMENT))
  const problems = new Map<number, string>()
  const brotli = Uint8Array.from(files, ({ compression }) => (compression === 'brotli' ? 1 : 0))
  // One byte more, to see that a file is no larger than expected.
  const bufferBytes = (files[0]?.rawBytes ?? 0) + 1
  const options = { gzip: gzipOptions, brotli: brotliOptions }
  const workerData = { paths: files.map(({ path }) => path), brotli, options, bufferBytes, taken, sizes }
  const workers = await startWorkers(Math.min(availableParallelism(), files.length) - 1, workerData)
  const stop = (): void => {
    for (const worker of workers) void worker.terminate()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const others = Promise.all(workers.map((worker) => resultOf(worker)))
    // Whoever fails is asked below, when this thread has done its part.
    others.catch(() => undefined)
    const sizeOf = createSizer(node, options, bufferBytes)
    for await (const at of fromSmallEnd(taken, signal)) {
      const { path, compression } = files[at] as WholeFile
      try {
        sizes[at] = sizeOf(path, compression === 'brotli')
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
