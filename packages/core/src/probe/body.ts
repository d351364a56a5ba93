import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { codeOf } from './probe-error.ts'

/** Bodies are judged by this much of them, decoded; what lies beyond counts as absent. */
export const MAX_BODY_BYTES = 1024 * 1024

export interface Body {
  readonly text: string
  /** There is more than MAX_BODY_BYTES of it. */
  readonly truncated: boolean
  /** Why it ends early: cut off, or not decodable. */
  readonly problem?: string
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
    else if (coding === 'deflate') decoders.push(zlib.createInflate())
    else if (coding === 'br') decoders.push(zlib.createBrotliDecompress())
    else if (coding === 'zstd') decoders.push(zlib.createZstdDecompress())
    else return `the body's Content-Encoding '${coding}' is unknown; gzip, deflate, br and zstd can be decoded`
  }
  return decoders
}

function collect(
  answer: IncomingMessage,
  decoders: readonly Transform[],
): Promise<{ chunks: Buffer[]; problem?: string }> {
  const stages: Readable[] = [answer, ...decoders]
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve) => {
    const end = (problem?: string): void => {
      for (const stage of stages) {
        stage.on('error', () => undefined)
        stage.destroy()
      }
      resolve({ chunks, ...(problem !== undefined && { problem }) })
    }
    let source: Readable = answer
    for (const decoder of decoders) source = source.pipe(decoder)
    source.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BODY_BYTES) end()
    })
    source.on('end', () => end())
    answer.on('error', (error) => end(`the body was cut off after ${size} bytes (${codeOf(error) || error.message})`))
    for (const decoder of decoders) {
      decoder.on('error', (error) => end(`the body cannot be decoded (${codeOf(error) || error.message})`))
    }
  })
}

/** The charset of Content-Type, else UTF-8; bytes that do not fit become U+FFFD. */
function decodeText(bytes: Buffer, contentType: string | undefined): string {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}
