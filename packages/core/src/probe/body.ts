import type { IncomingMessage } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import { shorten } from '../excerpt.ts'
import { codeOf } from './probe-error.ts'

/** Bodies are judged by this much of them, decoded; what lies beyond counts as absent. */
export const MAX_BODY_BYTES = 1024 * 1024

export interface Body {
  readonly text: string
  /** There is more than MAX_BODY_BYTES of it. */
  readonly truncated: boolean
  /** Why it is not whole, as a sentence: cut off, or not decodable. */
  readonly problem?: string
}

/** What is kept of a body once it has been judged: 20 attempts at 200 targets may each have had a MiB. */
const EXCERPT_CHARACTERS = 8192

export function excerptOf(body: Body): Body {
  if (body.text.length <= EXCERPT_CHARACTERS) return body
  // By way of a buffer, because a slice of a string keeps the whole string alive.
  return { ...body, text: Buffer.from(shorten(body.text, EXCERPT_CHARACTERS)).toString() }
}

export const NO_BODY: Body = { text: '', truncated: false }

/** Reads and decodes (gzip, deflate, br, zstd) the first MAX_BODY_BYTES of an answer's body. Never rejects. */
export async function readBody(answer: IncomingMessage): Promise<Body> {
  const codings = codingsOf(answer.headers['content-encoding'])
  const decoders = codings.length === 0 ? [] : await createDecoders(codings)
  if (typeof decoders === 'string') {
    answer.destroy()
    return { ...NO_BODY, problem: decoders }
  }
  const { chunks, problem } = await collect(answer, decoders)
  const bytes = Buffer.concat(chunks)
  const truncated = bytes.length > MAX_BODY_BYTES
  const text = decodeText(bytes.subarray(0, MAX_BODY_BYTES), answer.headers['content-type'])
  return { text, truncated, ...(problem !== undefined && !truncated && { problem }) }
}

function codingsOf(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
}

/** RFC 9110, section 8.4: codings were applied in the order listed. */
async function createDecoders(codings: readonly string[]): Promise<Transform[] | string> {
  const zlib = await import('node:zlib')
  const decoders: Transform[] = []
  for (const coding of codings.toReversed()) {
    if (coding === 'gzip' || coding === 'x-gzip') decoders.push(zlib.createGunzip())
    else if (coding === 'deflate') decoders.push(inflateAny(zlib))
    else if (coding === 'br') decoders.push(zlib.createBrotliDecompress())
    else if (coding === 'zstd') decoders.push(zlib.createZstdDecompress())
    else return `The body's Content-Encoding '${coding}' is unknown; gzip, deflate, br and zstd can be decoded`
  }
  return decoders
}

/**
 * `deflate` means zlib's format; some servers send raw deflate all the same, which is told apart by its first byte
 * (RFC 9110, section 8.4.1.2; RFC 1950, section 2.2).
 */
function inflateAny(zlib: typeof import('node:zlib')): Transform {
  let inner: Transform | undefined
  let inflated = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!inner) {
        inner = ((chunk[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw()
        inner.on('data', (plain: Buffer) => {
          inflated += plain.length
          this.push(plain)
          // A small chunk can hold a thousand times its size; nobody reads beyond the limit.
          if (inflated > MAX_BODY_BYTES) inner?.destroy()
        })
        inner.on('error', (error) => this.destroy(error))
      }
      inner.write(chunk, () => done())
    },
    flush(done) {
      if (!inner) return done()
      inner.once('end', () => done())
      inner.end()
    },
  })
}

function collect(
  answer: IncomingMessage,
  decoders: readonly Transform[],
): Promise<{ chunks: Buffer[]; problem?: string }> {
  const stages: Readable[] = [answer, ...decoders]
  const chunks: Buffer[] = []
  let received = 0
  let size = 0
  return new Promise((resolve) => {
    const end = (problem?: string): void => {
      for (const stage of stages) {
        stage.on('error', () => undefined)
        stage.destroy()
      }
      resolve({ chunks, ...(problem !== undefined && { problem }) })
    }
    answer.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    let source: Readable = answer
    for (const decoder of decoders) source = source.pipe(decoder)
    source.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BODY_BYTES) end()
    })
    source.on('end', () => end())
    answer.on('error', (error) => end(`The body was cut off after ${size} bytes (${codeOf(error) || error.message})`))
    for (const decoder of decoders) {
      // An answer to HEAD names a coding and has nothing to decode.
      decoder.on('error', (error) =>
        end(received === 0 ? undefined : `The body cannot be decoded (${codeOf(error) || error.message})`),
      )
    }
  })
}

const BYTE_ORDER_MARKS: Readonly<Record<string, string>> = { feff: 'utf-16be', fffe: 'utf-16le' }

/**
 * A byte order mark, else the charset of Content-Type, else UTF-8; bytes that do not fit become U+FFFD.
 *
 * @see https://encoding.spec.whatwg.org/#decode
 */
function decodeText(bytes: Buffer, contentType: string | undefined): string {
  const declared = /charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1]
  const charset = BYTE_ORDER_MARKS[bytes.subarray(0, 2).toString('hex')] ?? declared ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}
