import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** What one visitor of the service saw. */
export interface Visit {
  readonly at: Date
  readonly durationMs: number
  /** 0 when there was no answer. */
  readonly status: number
  /** The `version` of a JSON answer; empty when there was none. */
  readonly version: string
  /** Why there was no answer; empty when there was one. */
  readonly error: string
}

const pauseMs = 20
const visitMs = 5000

/** Visitors of a service for as long as something is tried on it: what users would have seen, measured from outside. */
export class Traffic {
  readonly #visits: Visit[] = []
  readonly #ended = new AbortController()
  readonly #running: Promise<void>
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })

  /** Starts to send requests to `url`, one after the other with a short pause, until `end`. */
  constructor(url: string) {
    this.#running = this.#run(url)
  }

  /** Stops and returns every visit in order. */
  async end(): Promise<readonly Visit[]> {
    this.#ended.abort()
    await this.#running
    this.#agent.destroy()
    return this.#visits
  }

  async #run(url: string): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#visits.push(await visit(url, this.#agent))
      await sleep(pauseMs, undefined, { signal: this.#ended.signal }).catch(() => undefined)
    }
  }
}

/** One GET, answered or not; never throws. */
export function visit(url: string, agent?: Agent): Promise<Visit> {
  const at = new Date()
  const { promise, resolve } = Promise.withResolvers<Visit>()
  const done = (seen: Pick<Visit, 'status' | 'version' | 'error'>): void =>
    resolve({ at, durationMs: Date.now() - at.getTime(), ...seen })
  const sent = request(url, { timeout: visitMs, ...(agent && { agent }) }, (answer) => {
    let body = ''
    answer.setEncoding('utf8')
    answer.on('data', (chunk: string) => {
      body += chunk
    })
    answer.on('error', (error) => done({ status: 0, version: '', error: error.message }))
    answer.on('end', () => done({ status: answer.statusCode ?? 0, version: versionIn(body), error: '' }))
  })
  sent.on('timeout', () => sent.destroy(new Error(`no answer within ${visitMs} ms`)))
  sent.on('error', (error) => done({ status: 0, version: '', error: error.message }))
  sent.end()
  return promise
}

function versionIn(body: string): string {
  try {
    const { version } = JSON.parse(body) as { version?: unknown }
    return typeof version === 'string' ? version : ''
  } catch {
    return ''
  }
}

/** Visits that a user would have called an outage: no answer, or a server's error. */
export function lostVisits(visits: readonly Visit[]): readonly Visit[] {
  return visits.filter(({ status }) => status === 0 || status >= 500)
}
