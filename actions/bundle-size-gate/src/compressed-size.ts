import { createReadStream, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { brotliCompress, createBrotliCompress, createGzip, gzip } from 'node:zlib'
import { CancelledError, messageOf } from '@deploy-kit/core/errors'
import { brotliOptions, gzipOptions } from './compression-options.ts'
import { compressFiles } from './compression-threads.ts'

export type Compression = 'gzip' | 'brotli' | 'none'

/**
 * A file that is larger than this is compressed piece by piece, so that memory stays bounded, and so that a cancelled
 * step need not wait: a call of zlib's cannot be stopped half way.
 */
const WHOLE_BYTES = { gzip: 4 * 1024 * 1024, brotli: 256 * 1024 }
const PIECE_BYTES = { gzip: 1024 * 1024, brotli: 64 * 1024 }

/** Node has so many threads for zlib. They need no start, but this thread prepares each file for them. */
const NODE_THREADS = 4
/** The time that takes, measured in bytes that gzip 9 compresses meanwhile (about 60 a microsecond). */
const PREPARATION_BYTES = 6000
/** The time that threads of our own take to start, measured likewise. */
const START_BYTES = 1_500_000
/** Brotli 11 takes so many times as long as gzip 9 for the same bytes, about. */
const BROTLI_EFFORT = 30

export interface SizeTask {
  /** Relative to the workspace. */
  readonly path: string
  readonly compression: Compression
}

export type SizedTask = SizeTask &
  ({ readonly bytes: number; readonly rawBytes: number } | { readonly problem: string })

/** A file that has something to compress. */
interface Compressible {
  readonly path: string
  readonly compression: Exclude<Compression, 'none'>
  readonly rawBytes: number
  readonly at: number
}

/**
 * The size of each file as it is sent: gzip level 9 (RFC 1952, no name in the header), brotli quality 11 (RFC 7932)
 * or as it is. All cores work; each has one file in memory.
 *
 * @throws {CancelledError} as soon as `signal` aborts
 */
export async function measureSizes(
  tasks: readonly SizeTask[],
  workspace: string,
  signal: AbortSignal,
): Promise<SizedTask[]> {
  const results = new Array<SizedTask>(tasks.length)
  const whole: Compressible[] = []
  const inPieces: Compressible[] = []
  for (const [at, task] of tasks.entries()) {
    const looked = lookAt(task, workspace)
    const { path, compression } = task
    if ('problem' in looked) results[at] = { ...task, ...looked }
    else if (compression === 'none') results[at] = { ...task, ...looked, bytes: looked.rawBytes }
    else {
      const queue = looked.rawBytes > WHOLE_BYTES[compression] ? inPieces : whole
      queue.push({ path, compression, ...looked, at })
    }
  }
  const keep = ({ at, path, compression, rawBytes }: Compressible, found: number | { problem: string }): void => {
    results[at] = { path, compression, ...(typeof found === 'number' ? { bytes: found, rawBytes } : found) }
  }
  await Promise.all([
    compressWhole(whole, workspace, signal, keep),
    compressInPieces(inPieces, workspace, signal, keep),
  ])
  if (signal.aborted) throw new CancelledError()
  return results
}

function lookAt(task: SizeTask, workspace: string): { rawBytes: number } | { problem: string } {
  try {
    const stats = statSync(join(workspace, task.path))
    // A link to a device would never end.
    return stats.isFile() ? { rawBytes: stats.size } : { problem: 'it is not a regular file' }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

type Keep = (task: Compressible, found: number | { problem: string }) => void

async function compressWhole(tasks: Compressible[], workspace: string, signal: AbortSignal, keep: Keep): Promise<void> {
  if (!areThreadsSooner(tasks, availableParallelism())) {
    await inTurns(tasks, signal, keep, async ({ path, compression }) => {
      return compressedBytes(readFileSync(join(workspace, path)), compression)
    })
    return
  }
  // The largest first, so that no thread is left with a large one at the end.
  const ordered = tasks.toSorted((a, b) => b.rawBytes - a.rawBytes)
  const files = ordered.map((task) => ({ ...task, path: join(workspace, task.path) }))
  const found = await compressFiles(files, signal)
  for (const [at, task] of ordered.entries()) keep(task, found[at] ?? { problem: 'it was not measured' })
}

/** Whether threads of our own are done sooner than those that Node has. */
function areThreadsSooner(tasks: readonly Compressible[], cores: number): boolean {
  const effort = tasks.reduce((sum, { compression, rawBytes }) => {
    return sum + (compression === 'brotli' ? BROTLI_EFFORT * rawBytes : rawBytes)
  }, 0)
  return START_BYTES + effort / cores < PREPARATION_BYTES * tasks.length + effort / Math.min(cores, NODE_THREADS)
}

function compressInPieces(tasks: Compressible[], workspace: string, signal: AbortSignal, keep: Keep): Promise<void> {
  return inTurns(tasks, signal, keep, ({ path, compression }) => {
    return streamedBytes(join(workspace, path), compression, signal)
  })
}

/** Does as many at a time as there are cores: zlib has threads of its own for each. */
async function inTurns(
  tasks: Compressible[],
  signal: AbortSignal,
  keep: Keep,
  measure: (task: Compressible) => Promise<number>,
): Promise<void> {
  const queue = tasks.values()
  const work = async (): Promise<void> => {
    for (const task of queue) {
      if (signal.aborted) return
      keep(task, await measure(task).catch((error: unknown) => ({ problem: messageOf(error) })))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
}

async function compressedBytes(content: Buffer, compression: 'gzip' | 'brotli'): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const done = (error: Error | null, compressed: Buffer): void => (error ? reject(error) : resolve(compressed))
  if (compression === 'gzip') gzip(content, gzipOptions, done)
  else brotliCompress(content, brotliOptions, done)
  return (await promise).length
}

async function streamedBytes(path: string, compression: 'gzip' | 'brotli', signal: AbortSignal): Promise<number> {
  let bytes = 0
  const counter = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done()
    },
  })
  const compressor = compression === 'gzip' ? createGzip(gzipOptions) : createBrotliCompress(brotliOptions)
  await pipeline(createReadStream(path, { highWaterMark: PIECE_BYTES[compression] }), compressor, counter, { signal })
  return bytes
}
