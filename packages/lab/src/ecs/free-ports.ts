import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems hand out by themselves, so that nothing takes one between choosing and listening. */
const from = 20_000
const to = 32_000

const taken = new Set<number>()

/**
 * A loopback port that nothing listens on and that no other container of this process was given. `release` it when
 * the container has ended.
 */
export async function takePort(): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const port = randomInt(from, to)
    if (taken.has(port)) continue
    taken.add(port)
    if (await isFree(port)) return port
    taken.delete(port)
  }
  throw new Error(`No free port was found between ${from} and ${to} in 500 tries`)
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
