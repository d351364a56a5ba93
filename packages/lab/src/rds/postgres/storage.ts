import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import type { ProcessKeeper } from '../../process-keeper.ts'
import { Archiver } from './archiver.ts'
import { takeBaseBackup } from './base-backup.ts'
import { findPostgres, type PostgresBinaries } from './binaries.ts'
import { ADDRESS, PostgresServer } from './server.ts'
import { prepareTemplate, type Template } from './template.ts'

/** The data of a snapshot. It never changes, so copies of the snapshot share it; the last one to go removes it. */
export interface SnapshotData {
  readonly archive: string
  users: number
}

export interface MasterUser {
  readonly databaseName: string
  readonly username: string
  readonly password: string
}

/** The folders of a lab's databases and snapshots, and the servers that run on them. */
export class Storage implements AsyncDisposable {
  readonly version: string
  readonly #folder: string
  readonly #keeper: ProcessKeeper
  readonly #archiver: Archiver
  readonly #binaries: PostgresBinaries
  readonly #template: Template
  readonly #servers = new Set<PostgresServer>()
  #lastNumber = 0

  private constructor(
    folder: string,
    keeper: ProcessKeeper,
    archiver: Archiver,
    binaries: PostgresBinaries,
    template: Template,
  ) {
    this.#folder = folder
    this.#keeper = keeper
    this.#archiver = archiver
    this.#binaries = binaries
    this.#template = template
    this.version = binaries.version
  }

  static async open(dataDirectory: string, keeper: ProcessKeeper): Promise<Storage> {
    const folder = join(dataDirectory, 'rds')
    await makePassable(folder)
    const archiver = new Archiver()
    const binaries = await findPostgres(folder)
    return new Storage(folder, keeper, archiver, binaries, await prepareTemplate(folder, binaries, archiver))
  }

  /** A server that has no data yet. */
  newServer(): PostgresServer {
    const folder = join(this.#folder, `database-${this.#nextNumber()}`)
    const [keeper, binaries, adminPassword] = [this.#keeper, this.#binaries, this.#template.adminPassword]
    const server = new PostgresServer({ keeper, binaries, adminPassword, folder })
    this.#servers.add(server)
    return server
  }

  /** Starts the server with an empty database that belongs to the master user, who is not a superuser. */
  async create(server: PostgresServer, master: MasterUser): Promise<void> {
    await this.#fill(server, this.#template.archive)
    await server.start()
    await server.asAdmin(async (query) => {
      const [user, database] = [escapeIdentifier(master.username), escapeIdentifier(master.databaseName)]
      await query(`CREATE ROLE ${user} LOGIN CREATEDB CREATEROLE PASSWORD ${escapeLiteral(master.password)}`)
      await query(`GRANT pg_monitor, pg_signal_backend TO ${user} WITH ADMIN OPTION`)
      await query(`ALTER DATABASE postgres OWNER TO ${user}`)
      if (master.databaseName !== 'postgres') {
        // Copying files is quicker than writing a log of their pages.
        await query(`CREATE DATABASE ${database} OWNER ${user} STRATEGY file_copy`)
      }
    })
  }

  /**
   * Runs statements as the master user would.
   * @throws Error with PostgreSQL's message and the line of the first statement that fails
   */
  async run(server: PostgresServer, master: MasterUser, sql: string): Promise<void> {
    const { databaseName: database, username: user, password } = master
    const client = new Client({ host: ADDRESS, port: server.port!, user, password, database })
    await client.connect()
    try {
      await client.query(sql)
    } catch (error) {
      const line = error instanceof DatabaseError ? sql.slice(0, Number(error.position ?? 0)).split('\n').length : 0
      throw new Error(`line ${line}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    } finally {
      await client.end()
    }
  }

  /** Gives the server the data of a snapshot; it is not started. */
  async restore(server: PostgresServer, snapshot: SnapshotData): Promise<void> {
    await this.#fill(server, snapshot.archive)
  }

  async setPassword(server: PostgresServer, username: string, password: string): Promise<void> {
    await server.asAdmin((query) =>
      query(`ALTER ROLE ${escapeIdentifier(username)} PASSWORD ${escapeLiteral(password)}`),
    )
  }

  async snapshot(server: PostgresServer): Promise<SnapshotData> {
    const archive = join(this.#folder, `snapshot-${this.#nextNumber()}`)
    await takeBaseBackup(server, archive, this.#archiver)
    return { archive, users: 1 }
  }

  async release(snapshot: SnapshotData): Promise<void> {
    snapshot.users -= 1
    if (snapshot.users === 0) await rm(snapshot.archive, { force: true })
  }

  /** Ends the server and removes its data. */
  async remove(server: PostgresServer): Promise<void> {
    await server.stop('immediate')
    this.#servers.delete(server)
    await rm(server.folder, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers].map((server) => server.stop('immediate')))
    await this.#archiver[Symbol.asyncDispose]()
  }

  async #fill(server: PostgresServer, archive: string): Promise<void> {
    await makePassable(server.folder)
    const [folder, owner] = [server.dataFolder, this.#binaries.runAs]
    await this.#archiver.do({ kind: 'unpack', archive, folder, owner })
  }

  #nextNumber(): number {
    this.#lastNumber += 1
    return this.#lastNumber
  }
}

/** PostgreSQL's own user has to pass through, whatever the umask. */
async function makePassable(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o711)
}
