import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { codeOf, ProbeError } from './probe-error.ts'
import { type Endpoint, formatEndpoint } from './target.ts'
import type { Trace } from './trace.ts'

/** What every step of an attempt works with. */
export interface Probing {
  readonly clock: Clock
  /** Aborts at the attempt's own limit, at the deadline and on cancel. */
  readonly signal: AbortSignal
  readonly trace: Trace
  readonly lookUp: LookupFunction
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Opens a TCP connection. A name with several addresses (IPv4 and IPv6) is tried address by address, as browsers do
 * (RFC 8305); the trace says which one answered and which did not.
 *
 * @throws {ProbeError} `dns` or `connect`
 */
export async function openTcp(endpoint: Endpoint, probing: Probing): Promise<Socket> {
  const { trace, clock } = probing
  const startedAtMs = clock.nowMs()
  let resolvedAtMs = startedAtMs
  trace.phase = isIP(endpoint.host) === 0 ? 'dns' : 'connect'
  trace.deadAddresses = []
  const socket = connect({ ...endpoint, lookup: probing.lookUp, autoSelectFamily: true, noDelay: true })
  swallowErrors(socket)
  socket.once('lookup', (error: Error | null) => {
    resolvedAtMs = clock.nowMs()
    trace.dnsMs = resolvedAtMs - startedAtMs
    if (!error) trace.phase = 'connect'
  })
  const dead = (ip: string, what: string): void => {
    trace.deadAddresses.push(`${formatEndpoint({ host: ip, port: endpoint.port })} ${what}`)
  }
  socket.on('connectionAttemptFailed', (ip, _port, _family, error) => dead(ip, describeCode(codeOf(error))))
  socket.on('connectionAttemptTimeout', (ip) => dead(ip, 'did not answer in time'))
  await ready(socket, 'connect', probing.signal, (error) => connectFailure(error, endpoint, trace))
  trace.connectMs = clock.nowMs() - resolvedAtMs
  trace.address = formatEndpoint({ host: socket.remoteAddress ?? endpoint.host, port: endpoint.port })
  return socket
}

/**
 * A reset between two steps, when nobody waits for this socket, would end the process; the next step finds the socket
 * destroyed.
 */
export function swallowErrors(socket: Socket): void {
  socket.on('error', () => undefined)
}

/** @throws {ProbeError} `connect` when the server has closed the connection meanwhile */
export function expectOpen(socket: Socket, trace: Trace): void {
  if (!socket.destroyed) return
  throw new ProbeError('connect', `${trace.address} accepted the connection and closed it at once`)
}

/** Waits for `event`; an error, an end or the signal destroys the socket and rejects. */
export function ready(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  explain: (error: Error) => ProbeError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      settle()
      socket.destroy()
      reject(error)
    }
    const onError = (error: Error): void => fail(explain(error))
    const onAbort = (): void => fail(new ProbeError('timeout', 'The attempt was ended.'))
    const onReady = (): void => {
      settle()
      resolve()
    }
    const settle = (): void => {
      socket.off('error', onError)
      socket.off(event, onReady)
      signal.removeEventListener('abort', onAbort)
    }
    socket.once('error', onError)
    socket.once(event, onReady)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

function connectFailure(error: Error, endpoint: Endpoint, trace: Trace): ProbeError {
  if (isLookupFailure(error)) {
    const what = codeOf(error) === 'EAI_AGAIN' ? 'the name server did not answer' : 'no such name'
    return new ProbeError('dns', `DNS has no address for ${endpoint.host}: ${what} (${codeOf(error)})`, {
      cause: error,
    })
  }
  const tried = trace.deadAddresses
  if (tried.length > 1) {
    return new ProbeError('connect', `No address accepts a connection: ${tried.join('; ')}`, { cause: error })
  }
  const [only = `${formatEndpoint(endpoint)} ${describeCode(codeOf(error))}`] = tried
  return new ProbeError('connect', `No connection: ${only}`, { cause: error })
}

function isLookupFailure(error: Error): boolean {
  return 'syscall' in error && String(error.syscall).startsWith('getaddrinfo')
}

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection (nothing listens there)',
  ECONNRESET: 'reset the connection',
  EPIPE: 'closed the connection',
  EHOSTUNREACH: 'cannot be reached (no route to host)',
  ENETUNREACH: 'cannot be reached (no route to network)',
  EADDRNOTAVAIL: 'cannot be reached (no address of that kind here)',
  ETIMEDOUT: 'did not answer in time',
}

/** What a system error means, to follow the name of an address. */
export function describeCode(code: string): string {
  const known = CODES[code]
  return known === undefined ? `failed${code === '' ? '' : ` (${code})`}` : `${known} (${code})`
}
