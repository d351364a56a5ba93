import { isIP, type Socket } from 'node:net'
import { unlessAborted } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { connectFirst } from './address-race.ts'
import type { NameLookup } from './name-lookup.ts'
import { codeOf, ProbeError } from './probe-error.ts'
import { type Endpoint, formatEndpoint } from './target.ts'
import type { Trace } from './trace.ts'

/** What every step of an attempt works with. */
export interface Probing {
  readonly clock: Clock
  /** Aborts at the attempt's own limit, at the deadline and on cancel. */
  readonly signal: AbortSignal
  readonly trace: Trace
  readonly lookUp: NameLookup
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Opens a TCP connection. A name with several addresses (IPv4 and IPv6) is tried at all of them; the trace says which
 * one answered and which did not.
 *
 * @throws {ProbeError} `dns` or `connect`
 */
export async function openTcp(endpoint: Endpoint, probing: Probing): Promise<Socket> {
  const { trace, clock, signal } = probing
  const { host, port } = endpoint
  trace.deadAddresses = []
  const addresses = isIP(host) === 0 ? await resolveName(host, probing) : [host]
  trace.phase = 'connect'
  const startedAtMs = clock.nowMs()
  const onLost = (address: string, code?: string): void => {
    const what = code === undefined ? 'did not answer in time' : describeCode(code)
    trace.deadAddresses.push(`${formatEndpoint({ host: address, port })} ${what}`)
  }
  try {
    const socket = await connectFirst(addresses, port, { clock, signal, onLost })
    swallowErrors(socket)
    trace.connectMs = clock.nowMs() - startedAtMs
    trace.address = formatEndpoint({ host: socket.remoteAddress ?? host, port })
    return socket
  } catch (error) {
    throw error instanceof ProbeError ? error : connectFailure(error, trace)
  }
}

async function resolveName(host: string, { lookUp, trace, clock, signal }: Probing): Promise<readonly string[]> {
  trace.phase = 'dns'
  const startedAtMs = clock.nowMs()
  try {
    return await unlessAborted(lookUp(host), signal)
  } catch (cause) {
    if (signal.aborted) throw cause
    const code = codeOf(cause)
    const what = code === 'EAI_AGAIN' ? 'the name server did not answer' : 'no such name'
    throw new ProbeError('dns', `DNS has no address for ${host}: ${what} (${code})`, { cause })
  } finally {
    if (!signal.aborted) trace.dnsMs = clock.nowMs() - startedAtMs
  }
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

function connectFailure(cause: unknown, { deadAddresses: tried }: Trace): ProbeError {
  const message =
    tried.length > 1 ? `No address accepts a connection: ${tried.join('; ')}` : `No connection: ${tried.join()}`
  return new ProbeError('connect', message, { cause })
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
