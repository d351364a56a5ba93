import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import * as v from 'valibot'
import type { SizeTask } from './compressed-size.ts'

/**
 * What a thread runs: file after file, whichever is next, with the same calls as the main thread makes. It is a text
 * because a bundle stands alone: there is no file beside it that a thread could start from.
 */
const PROGRAM = `
const { readFileSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const { brotliCompressSync, gzipSync } = require('node:zlib')
const { files, options, next, sizes } = workerData
const counter = new Int32Array(next)
const bytes = new Float64Array(sizes)
for (let at = Atomics.add(counter, 0, 1); at < files.length; at = Atomics.add(counter, 0, 1)) {
  const { path, compression } = files[at]
  try {
    const compress = compression === 'gzip' ? gzipSync : brotliCompressSync
    bytes[at] = compress(readFileSync(path), options[compression]).length
  } catch (error) {
    parentPort.postMessage({ at, problem: error.message })
  }
}
`

const problemSchema = v.object({ at: v.number(), problem: v.string() })

/**
 * The compressed bytes of each file, or what is wrong with it, found by one thread for each core. Each thread has one
 * file in memory at a time.
 *
 * @param options for zlib, by the name of the compression
 */
export async function compressInThreads(
  tasks: readonly SizeTask[],
  workspace: string,
  options: { readonly gzip: object; readonly brotli: object },
  signal: AbortSignal,
): Promise<(number | { readonly problem: string })[]> {
  const sizes = new SharedArrayBuffer(tasks.length * Float64Array.BYTES_PER_ELEMENT)
  const files = tasks.map(({ path, compression }) => ({ path: join(workspace, path), compression }))
  const workerData = { files, options, next: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT), sizes }
  const problems = new Map<number, string>()
  const threads = Array.from({ length: Math.min(availableParallelism(), tasks.length) }, () => {
    return new Worker(PROGRAM, { eval: true, workerData, env: {}, execArgv: [] })
  })
  const stop = (): void => {
    for (const thread of threads) void thread.terminate()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.all(
      threads.map((thread) => {
        const ended = Promise.withResolvers<void>()
        thread.on('message', (message) => {
          const { at, problem } = v.parse(problemSchema, message)
          problems.set(at, problem)
        })
        thread.on('error', ended.reject)
        thread.on('exit', () => ended.resolve())
        return ended.promise
      }),
    )
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
  return [...new Float64Array(sizes)].map((bytes, at) => {
    const problem = problems.get(at)
    return problem === undefined ? bytes : { problem }
  })
}
