import { type ClientRequest, type IncomingMessage, request as sendRequest } from 'node:http'
import type { Socket } from 'node:net'
import { type Body, NO_BODY, readBody } from './body.ts'
import { describeCode, expectOpen, type Probing } from './connection.ts'
import { codeOf, ProbeError } from './probe-error.ts'

export interface HttpRequest {
  readonly method: string
  /** What stands in the request line: the path and query, or for a proxy the whole URL. */
  readonly path: string
  /** With `Host`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What stands before the body. */
export interface Head {
  readonly status: number
  readonly statusText: string
  /** Names in lower case; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Answer extends Head {
  readonly body: Body
  /** What is wrong with a WebSocket handshake that was answered 101. */
  readonly handshakeProblem?: string
}

/** Node's own limit, 16 KiB, is less than some applications send in cookies. */
const MAX_HEADER_BYTES = 64 * 1024

/**
 * Sends one request over an open connection and reads the answer; its body only where `wantsBody` says so.
 *
 * @throws {ProbeError} `connect` when the connection ends before a complete header
 */
export async function exchange(
  socket: Socket,
  request: HttpRequest,
  probing: Probing,
  wantsBody: (head: Head) => Promise<boolean>,
): Promise<Answer> {
  const { trace, clock } = probing
  const startedAtMs = clock.nowMs()
  trace.phase = 'request'
  expectOpen(socket, trace)
  const outgoing = sendRequest({
    createConnection: () => socket,
    method: request.method,
    path: request.path,
    headers: { ...request.headers },
    maxHeaderSize: MAX_HEADER_BYTES,
  })
  const endAtOnce = (): void => void socket.destroy()
  probing.signal.addEventListener('abort', endAtOnce, { once: true })
  try {
    const incoming = await headerOf(outgoing, request.body)
    trace.firstByteMs = clock.nowMs() - startedAtMs
    trace.phase = 'body'
    const head = readHead(incoming)
    trace.head = head
    const hasBody = head.status !== 101 && (await wantsBody(head))
    return { ...head, body: hasBody ? await wholeBody(incoming, outgoing) : NO_BODY }
  } finally {
    probing.signal.removeEventListener('abort', endAtOnce)
  }
}

/**
 * A body that says neither how long it is nor where it ends is as long as the connection lasts; Node takes it for whole
 * even when the connection is reset.
 */
async function wholeBody(incoming: IncomingMessage, outgoing: ClientRequest): Promise<Body> {
  let reset: Error | undefined
  outgoing.once('error', (error) => {
    reset = error
  })
  const body = await readBody(incoming)
  const { headers } = incoming
  const hasEnd = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  if (hasEnd || reset === undefined || body.truncated || body.problem !== undefined) return body
  return { ...body, problem: `The body was cut off: the server ${describeCode(codeOf(reset))}` }
}

function headerOf(outgoing: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    // 101 with what was asked for, or unasked: either way there is no body to wait for.
    outgoing.once('upgrade', resolve)
    outgoing.once('error', (error) => reject(requestFailure(error)))
    outgoing.on('error', () => undefined)
    outgoing.end(body)
  })
}

function requestFailure(error: Error): ProbeError {
  const code = codeOf(error)
  // In TLS 1.3 a server looks at the client's certificate after the client has begun to send.
  if (code.startsWith('ERR_SSL_')) {
    const what = code.includes('CERTIFICATE') ? ': it asks for a client certificate, which cannot be given' : ''
    return new ProbeError('tls', `The server ended TLS${what} (${code})`, { cause: error })
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ProbeError('connect', `The header of the answer is longer than ${MAX_HEADER_BYTES} bytes (${code})`, {
      cause: error,
    })
  }
  const message = code.startsWith('HPE_')
    ? `What came back is not HTTP (${code})`
    : error.message === 'socket hang up'
      ? 'The server closed the connection without an answer'
      : `After the request was sent, the server ${describeCode(code)}`
  return new ProbeError('connect', message, { cause: error })
}

function readHead(incoming: IncomingMessage): Head {
  const { statusCode = 0, statusMessage = '', headersDistinct } = incoming
  const headers = Object.entries(headersDistinct).map(([name, values]) => [name, asUtf8((values ?? []).join(', '))])
  return { status: statusCode, statusText: asUtf8(statusMessage), headers: Object.fromEntries(headers) }
}

/**
 * Node reads headers as ISO 8859-1. Servers that send other characters send UTF-8, and browsers read a Location so;
 * what is not UTF-8 stays as it is.
 */
function asUtf8(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text)) return text
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}
