import { connect, isIP, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { codeOf, ProbeError } from './probe-error.ts'

/** How long one address is waited for before the next is tried, too (RFC 8305, section 8). */
const HEAD_START_MS = 250

export interface RaceOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** An address that does not accept a connection; without a code it was slower than the one that does. */
  readonly onLost: (address: string, code?: string) => void
}

/**
 * Connects to the first of several addresses that accepts: one after the other, each a little later, so that a dead
 * one costs no more than that, and all of them for as long as it takes, so that a slow one is not given up for it.
 * Node's own autoSelectFamily gives each but the last 250 ms, less than a lost packet or the other side of the world.
 *
 * @throws the system's error of the last address that refuses; ProbeError `timeout` when `signal` aborts
 */
export async function connectFirst(addresses: readonly string[], port: number, options: RaceOptions): Promise<Socket> {
  const { clock, signal, onLost } = options
  const queue = alternateFamilies(addresses)
  const racing = new Map<Socket, string>()
  const ended = new AbortController()
  const first = Promise.withResolvers<Socket>()
  let failures = 0
  const start = (): void => {
    const address = queue.shift()
    if (address === undefined || ended.signal.aborted) return
    const socket = connect({ host: address, port, noDelay: true })
    racing.set(socket, address)
    const next = new AbortController()
    socket.once('connect', () => first.resolve(socket))
    socket.on('error', (error) => {
      if (ended.signal.aborted || !racing.delete(socket)) return
      onLost(address, codeOf(error))
      failures += 1
      if (failures === addresses.length) first.reject(error)
      next.abort()
    })
    ended.signal.addEventListener('abort', () => next.abort(), { once: true })
    void clock.sleep(HEAD_START_MS, next.signal).then(start)
  }
  const giveUp = (): void => first.reject(new ProbeError('timeout', 'The attempt was ended.'))
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  else start()
  try {
    const socket = await first.promise
    racing.delete(socket)
    for (const address of racing.values()) onLost(address)
    return socket
  } finally {
    signal.removeEventListener('abort', giveUp)
    ended.abort()
    for (const socket of racing.keys()) socket.destroy()
  }
}

/** IPv4 and IPv6 take turns, beginning with what the system prefers (RFC 8305, section 4). */
function alternateFamilies(addresses: readonly string[]): string[] {
  const preferred = addresses.filter((address) => isIP(address) === isIP(addresses[0] ?? ''))
  const others = addresses.filter((address) => !preferred.includes(address))
  return preferred
    .flatMap((address, index) => [address, ...others.slice(index, index + 1)])
    .concat(others.slice(preferred.length))
}
