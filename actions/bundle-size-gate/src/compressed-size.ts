import { createReadStream, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { brotliCompress, constants, createBrotliCompress } from 'node:zlib'
import { CancelledError, messageOf } from '@deploy-kit/core/errors'
import { GzipMeter } from './gzip-meter.ts'

export type Compression = 'gzip' | 'brotli' | 'none'

/** A file that is larger than this is compressed piece by piece, so that memory stays bounded. */
const WHOLE_BYTES = 4 * 1024 * 1024
const PIECE_BYTES = 1024 * 1024

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }

export interface SizeTask {
  /** Relative to the workspace. */
  readonly path: string
  readonly compression: Compression
}

export type SizedTask = SizeTask &
  ({ readonly bytes: number; readonly rawBytes: number } | { readonly problem: string })

/**
 * The size of each file as it is sent: gzip level 9 (RFC 1952, no name in the header), brotli quality 11 (RFC 7932)
 * or as it is. zlib works on its own threads; as many files as there are cores are in memory at once.
 *
 * @throws {CancelledError} as soon as `signal` aborts
 */
export async function measureSizes(
  tasks: readonly SizeTask[],
  workspace: string,
  signal: AbortSignal,
): Promise<SizedTask[]> {
  const results = new Array<SizedTask>(tasks.length)
  let next = 0
  const work = async (): Promise<void> => {
    const gzip = new GzipMeter()
    try {
      while (next < tasks.length) {
        if (signal.aborted) throw new CancelledError()
        const at = next
        next += 1
        results[at] = await measureOne(tasks[at] as SizeTask, workspace, gzip, signal)
      }
    } finally {
      gzip.close()
    }
  }
  // One more than cores: while one file is read, every core has another to compress.
  await Promise.all(Array.from({ length: Math.min(tasks.length, availableParallelism() + 1) }, work))
  return results
}

async function measureOne(task: SizeTask, workspace: string, gzip: GzipMeter, signal: AbortSignal): Promise<SizedTask> {
  const path = join(workspace, task.path)
  try {
    // Synchronous on purpose: for files of a bundle's size a trip to the thread pool and back costs more than the call,
    // and the pool is busy with compressing.
    const stats = statSync(path)
    // A link to a device would never end.
    if (!stats.isFile()) return { ...task, problem: 'it is not a regular file' }
    const rawBytes = stats.size
    return { ...task, rawBytes, bytes: await compressedBytes(path, rawBytes, task.compression, gzip, signal) }
  } catch (error) {
    if (signal.aborted) throw new CancelledError()
    return { ...task, problem: messageOf(error) }
  }
}

async function compressedBytes(
  path: string,
  rawBytes: number,
  compression: Compression,
  gzip: GzipMeter,
  signal: AbortSignal,
): Promise<number> {
  if (compression === 'none') return rawBytes
  if (rawBytes > WHOLE_BYTES) {
    const stream = createReadStream(path, { highWaterMark: PIECE_BYTES, signal })
    return compression === 'gzip' ? gzip.measure(stream) : streamedBrotliBytes(stream, signal)
  }
  const content = readFileSync(path)
  return compression === 'gzip' ? gzip.measure([content]) : brotliBytes(content)
}

function brotliBytes(content: Buffer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  brotliCompress(content, BROTLI, (error, compressed) => (error ? reject(error) : resolve(compressed.length)))
  return promise
}

async function streamedBrotliBytes(stream: Readable, signal: AbortSignal): Promise<number> {
  let bytes = 0
  const counter = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done()
    },
  })
  await pipeline(stream, createBrotliCompress(BROTLI), counter, { signal })
  return bytes
}
