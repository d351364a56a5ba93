import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems hand out by themselves, so that nothing takes one between choosing and listening. */
const from = 20_000
const count = 12_000

/** Labs in other processes begin elsewhere: a port is not seen to be taken until the process behind it listens. */
let next = (process.pid * 131) % count

const taken = new Set<number>()

/**
 * A loopback port that nothing listens on and that no other container of this process was given. `release` it when
 * the container has ended.
 * @throws Error when all are taken
 */
export async function takePort(): Promise<number> {
  for (let tries = 0; tries < count; tries++) {
    const port = from + next
    next = (next + 1) % count
    if (taken.has(port)) continue
    taken.add(port)
    if (await isFree(port)) return port
    taken.delete(port)
  }
  throw new Error(`No port is free between ${from} and ${from + count}`)
}

export function releasePort(port: number): void {
  taken.delete(port)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}
