import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type QueryResultRow } from 'pg'
import type { ProcessKeeper } from '../../process-keeper.ts'
import type { PostgresBinaries } from './binaries.ts'
import { ADMIN } from './template.ts'

export interface ServerOptions {
  readonly keeper: ProcessKeeper
  readonly binaries: PostgresBinaries
  readonly adminPassword: string
  /** Holds `data`, an initialised data folder, and gets the server's log. */
  readonly folder: string
}

export const ADDRESS = '127.0.0.1'
const START_ATTEMPTS = 5
const START_WITHIN_MS = 30_000
const FAST_SHUTDOWN_WITHIN_MS = 10_000

/** One PostgreSQL server on one data folder; it can be stopped and started again and keeps its port. */
export class PostgresServer {
  readonly folder: string
  readonly dataFolder: string
  readonly #options: ServerOptions
  #starting: Promise<void> | undefined
  #child: ChildProcess | undefined
  #port: number | undefined

  constructor(options: ServerOptions) {
    this.#options = options
    this.folder = options.folder
    this.dataFolder = join(options.folder, 'data')
  }

  /** Undefined until the first start. */
  get port(): number | undefined {
    return this.#port
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /**
   * Resolves when the server takes connections. A copy of a running server first recovers to a consistent state.
   * @throws Error with the end of the server's log
   */
  async start(): Promise<void> {
    // The members of a cluster share a server, and are started at the same time.
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  async #start(): Promise<void> {
    if (this.running) return
    for (let attempt = 1; ; attempt += 1) {
      const port = this.#port ?? (await freePort())
      const started = await this.#startOn(port)
      if (started === 'ready') {
        this.#port = port
        return
      }
      const log = await readFile(this.#logFile(), 'utf8')
      // Between finding a free port and using it, another process may have taken it.
      if (attempt < START_ATTEMPTS && /could not bind|Address already in use/.test(log)) continue
      throw new Error(
        `The PostgreSQL server in ${this.dataFolder} did not start:\n${log.split('\n').slice(-20).join('\n')}`,
      )
    }
  }

  /** As `pg_ctl stop`: `fast` ends sessions and writes everything, `immediate` leaves recovery to the next start. */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    const child = this.#child
    if (!child || !this.running) return
    const ended = once(child, 'exit')
    this.#options.keeper.signal(child, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    const late = setTimeout(() => this.#options.keeper.signal(child, 'SIGQUIT'), FAST_SHUTDOWN_WITHIN_MS)
    await ended
    clearTimeout(late)
  }

  /** Runs `work` in a session of the superuser. */
  async asAdmin<T>(work: (query: Query) => Promise<T>, database = 'postgres'): Promise<T> {
    const password = this.#options.adminPassword
    const client = new Client({ host: ADDRESS, port: this.#port!, user: ADMIN, password, database })
    // A server that is stopped under the session fails the query; without a listener it would end the lab.
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(async (sql, values = []) => (await client.query(sql, [...values])).rows)
    } finally {
      await client.end()
    }
  }

  #logFile(): string {
    return join(this.#options.folder, 'postgres.log')
  }

  async #startOn(port: number): Promise<'ready' | 'ended'> {
    const { keeper, binaries } = this.#options
    await rm(join(this.dataFolder, 'postmaster.pid'), { force: true })
    const log = openSync(this.#logFile(), 'w')
    const settings = [`listen_addresses=${ADDRESS}`, `port=${port}`].flatMap((setting) => ['-c', setting])
    const child = keeper.spawn(binaries.postgres, ['-D', this.dataFolder, ...settings], {
      cwd: this.dataFolder,
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', log, log],
      reapWith: 'SIGQUIT',
      ...(binaries.runAs ?? {}),
    })
    closeSync(log)
    const failed = once(child, 'error').then(([error]) => Promise.reject(error))
    failed.catch(() => {})
    await Promise.race([once(child, 'spawn'), failed])
    this.#child = child
    const deadline = Date.now() + START_WITHIN_MS
    while (this.running) {
      if (await isReady(this.dataFolder)) return 'ready'
      if (Date.now() > deadline) await this.stop('immediate')
      else await sleep(10)
    }
    return 'ended'
  }
}

export type Query = (sql: string, values?: readonly unknown[]) => Promise<QueryResultRow[]>

/** The eighth line of postmaster.pid is what `pg_ctl` waits for. */
async function isReady(dataFolder: string): Promise<boolean> {
  const lines = await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch(() => '')
  return lines.split('\n')[7]?.trim() === 'ready'
}

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, ADDRESS)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
