import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib'
import { CancelledError, messageOf } from '@deploy-kit/core/errors'

export type Compression = 'gzip' | 'brotli' | 'none'

/** A file that is larger than this is compressed piece by piece, so that memory stays bounded. */
const WHOLE_BYTES = 4 * 1024 * 1024

const GZIP = { level: 9 }
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
    while (next < tasks.length) {
      if (signal.aborted) throw new CancelledError()
      const at = next
      next += 1
      const task = tasks[at] as SizeTask
      results[at] = await measureOne(task, workspace, signal)
    }
  }
  // One more than cores: while one file is read, every core has another to compress.
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, work))
  return results
}

async function measureOne(task: SizeTask, workspace: string, signal: AbortSignal): Promise<SizedTask> {
  const path = join(workspace, task.path)
  try {
    const stats = await stat(path)
    // A link to a device would never end.
    if (!stats.isFile()) return { ...task, problem: 'it is not a regular file' }
    if (task.compression === 'none') return { ...task, bytes: stats.size, rawBytes: stats.size }
    if (stats.size > WHOLE_BYTES) {
      return { ...task, bytes: await streamedBytes(path, task.compression, signal), rawBytes: stats.size }
    }
    const content = await readFile(path)
    return { ...task, bytes: await compressedBytes(content, task.compression), rawBytes: content.length }
  } catch (error) {
    if (signal.aborted) throw new CancelledError()
    return { ...task, problem: messageOf(error) }
  }
}

const gzipAsync = promisify(gzip) as (content: Buffer, options: object) => Promise<Buffer>
const brotliAsync = promisify(brotliCompress) as (content: Buffer, options: object) => Promise<Buffer>

async function compressedBytes(content: Buffer, compression: 'gzip' | 'brotli'): Promise<number> {
  const compressed = compression === 'gzip' ? await gzipAsync(content, GZIP) : await brotliAsync(content, BROTLI)
  return compressed.length
}

async function streamedBytes(path: string, compression: 'gzip' | 'brotli', signal: AbortSignal): Promise<number> {
  let bytes = 0
  const counter = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done()
    },
  })
  const compressor = compression === 'gzip' ? createGzip(GZIP) : createBrotliCompress(BROTLI)
  await pipeline(createReadStream(path), compressor, counter, { signal })
  return bytes
}
