import { constants, createGzip, type Gzip, type ZlibReset } from 'node:zlib'

/**
 * Counts the bytes that gzip level 9 makes of one content after the other (RFC 1952; no name in the header).
 *
 * The compressor is kept and reset: making one for each file costs as much as compressing a small file, and its memory
 * comes from the system each time. The compressing itself is done on a thread of zlib's.
 */
export class GzipMeter {
  readonly #gzip: Gzip & ZlibReset = createGzip({ level: 9, chunkSize: 64 * 1024 }) as Gzip & ZlibReset
  #bytes = 0
  #fail: (error: Error) => void = () => undefined

  constructor() {
    this.#gzip.on('data', (piece: Buffer) => {
      this.#bytes += piece.length
    })
    this.#gzip.on('error', (error) => this.#fail(error))
  }

  /** @throws {Error} of the reader of `pieces`, or of zlib */
  async measure(pieces: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<number> {
    this.#bytes = 0
    try {
      for await (const piece of pieces) await this.#step((done) => this.#gzip.write(piece, done))
      await this.#step((done) => this.#gzip.flush(constants.Z_FINISH, done))
      return this.#bytes
    } finally {
      this.#gzip.reset()
    }
  }

  close(): void {
    this.#gzip.destroy()
  }

  #step(start: (done: () => void) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#fail = reject
    start(resolve)
    return promise
  }
}
