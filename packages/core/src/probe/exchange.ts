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

export interface Answer {
  readonly status: number
  readonly statusText: string
  /** Names in lower case; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
  /** What is wrong with a WebSocket handshake that was answered 101. */
  readonly handshakeProblem?: string
}

/** Node's own limit, 16 KiB, is less than some applications send in cookies. */
const MAX_HEADER_BYTES = 64 * 1024

/**
 * Sends one request over an open connection and reads the answer.
 *
 * @throws {ProbeError} `connect` when the connection ends before a complete header
 */
export async function exchange(socket: Socket, request: HttpRequest, probing: Probing): Promise<Answer> {
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
    trace.status = incoming.statusCode ?? 0
    trace.statusText = incoming.statusMessage ?? ''
    return {
      status: trace.status,
      statusText: trace.statusText,
      headers: joinHeaders(incoming),
      body: trace.status === 101 ? NO_BODY : await readBody(incoming),
    }
  } finally {
    probing.signal.removeEventListener('abort', endAtOnce)
  }
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
  const message = code.startsWith('HPE_')
    ? `What came back is not HTTP (${code})`
    : error.message === 'socket hang up'
      ? 'The server closed the connection without an answer'
      : `After the request was sent, the server ${describeCode(code)}`
  return new ProbeError('connect', message, { cause: error })
}

function joinHeaders(incoming: IncomingMessage): Record<string, string> {
  const entries = Object.entries(incoming.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')])
  return Object.fromEntries(entries)
}
