import type { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { ActionError, messageOf } from '@deploy-kit/core/errors'

/** A database that can be snapshotted, the same for instances and clusters. */
export interface Database {
  readonly identifier: string
  /** `DbiResourceId` or `DbClusterResourceId`: stays with the data, while a name can be given to another database. */
  readonly resourceId: string
  readonly status: string
  readonly engine: string
  readonly encrypted: boolean
  /** Set for an instance that is a member of an Aurora or Multi-AZ cluster. */
  readonly clusterIdentifier: string | undefined
}

/** A snapshot, the same for instances and clusters. */
export interface Snapshot {
  readonly identifier: string
  readonly arn: string
  readonly databaseIdentifier: string
  readonly resourceId: string
  /** `manual`, `automated`, `shared`, … */
  readonly type: string
  readonly status: string
  readonly percentProgress: number
  readonly sizeGib: number
  readonly encrypted: boolean
  readonly engine: string
  /** Missing until RDS has begun to take it. */
  readonly createdAt: Date | undefined
  /** Of a copy: the ARN of its original. */
  readonly sourceArn: string | undefined
  readonly tags: ReadonlyMap<string, string>
}

export interface NewSnapshot {
  readonly identifier: string
  readonly databaseIdentifier: string
  readonly tags: ReadonlyMap<string, string>
}

export interface SnapshotCopy {
  readonly source: Snapshot
  readonly kmsKeyId: string | undefined
}

/** The new snapshot, or why there is none (yet). */
export type Requested = Snapshot | 'exists' | 'busy'

type SendOptions = { readonly abortSignal: AbortSignal }

/** RDS has every call twice, for instances and for clusters; each kind maps them to this. One method is one request. */
export interface SnapshotApi {
  readonly type: 'instance' | 'cluster'
  /** Longest identifier of a snapshot (RDS API Reference: CreateDBSnapshot, CreateDBClusterSnapshot). */
  readonly longestIdentifier: 255 | 63
  /** The IAM actions of the calls, for messages. */
  readonly actions: Readonly<
    Record<'describeDatabase' | 'describeSnapshots' | 'create' | 'delete' | 'describeAttributes' | 'copy', string>
  >
  describeDatabase(identifier: string, options: SendOptions): Promise<Database | undefined>
  describeSnapshots(
    filter: { snapshot?: string; database?: string; marker?: string },
    options: SendOptions,
  ): Promise<{ snapshots: readonly Snapshot[]; marker?: string | undefined }>
  create(request: NewSnapshot, options: SendOptions): Promise<Snapshot | undefined>
  delete(identifier: string, options: SendOptions): Promise<unknown>
  /** Values of the attribute `restore`: accounts, or `all`. */
  describeAttributes(identifier: string, options: SendOptions): Promise<readonly string[]>
  copy(copy: SnapshotCopy, options: SendOptions): Promise<Snapshot | undefined>
}

/** The codes on the wire end alike for both kinds (RDS API Reference, Errors of each call). */
const SNAPSHOT_NOT_FOUND = /^DB(Cluster)?SnapshotNotFound$/
const SNAPSHOT_EXISTS = /^DB(Cluster)?SnapshotAlreadyExists$/
const SNAPSHOT_BUSY = /^InvalidDB(Cluster)?SnapshotState$/
const DATABASE_BUSY = /^InvalidDB(Instance|Cluster)State$/

/** Reads and changes the snapshots of one kind of database. */
export class SnapshotSource {
  readonly #api: SnapshotApi
  readonly #caller: AwsCaller

  constructor(api: SnapshotApi, caller: AwsCaller) {
    this.#api = api
    this.#caller = caller
  }

  get type(): 'instance' | 'cluster' {
    return this.#api.type
  }

  get longestIdentifier(): number {
    return this.#api.longestIdentifier
  }

  async describeDatabase(identifier: string): Promise<Database> {
    const database = await this.#caller.call({
      operation: this.#api.actions.describeDatabase,
      subject: `${this.type} ${identifier}`,
      send: (abortSignal) => this.#api.describeDatabase(identifier, { abortSignal }),
    })
    if (database) return database
    throw new ActionError('not-found', `There is no RDS ${this.type} ${identifier} in this account and region.`, {
      advice: 'Check the name, and that aws-region and the account are the ones that are meant.',
    })
  }

  /** Undefined when there is none of that name. */
  async findSnapshot(identifier: string): Promise<Snapshot | undefined> {
    const [snapshot] = await this.#listSnapshots(`snapshot ${identifier}`, { snapshot: identifier })
    return snapshot
  }

  /** All manual snapshots in this account and region, or those of the databases that ever had one name. */
  async listManualSnapshots(databaseIdentifier?: string): Promise<readonly Snapshot[]> {
    const all = await (databaseIdentifier === undefined
      ? this.#listSnapshots('all snapshots', {})
      : this.#listSnapshots(`snapshots of ${this.type} ${databaseIdentifier}`, { database: databaseIdentifier }))
    return all.filter(({ type }) => type === 'manual')
  }

  /** What became of the request: databases change their state, and names get taken, between two calls. */
  createSnapshot(request: NewSnapshot): Promise<Requested | 'quota'> {
    return this.#caller.call<Requested | 'quota'>({
      operation: this.#api.actions.create,
      subject: `${this.type} ${request.databaseIdentifier} (snapshot ${request.identifier})`,
      send: async (abortSignal) => {
        const snapshot = await this.#api.create(request, { abortSignal })
        if (!snapshot) throw new ActionError('internal', `${this.#api.actions.create} answered without a snapshot.`)
        return snapshot
      },
      recover: (_, code) => {
        if (SNAPSHOT_EXISTS.test(code)) return 'exists'
        if (DATABASE_BUSY.test(code)) return 'busy'
        return code === 'SnapshotQuotaExceeded' ? 'quota' : undefined
      },
    })
  }

  /** False when AWS will not delete it now: it is being copied, or already gone. */
  deleteSnapshot(identifier: string): Promise<boolean> {
    return this.#caller.call({
      operation: this.#api.actions.delete,
      subject: `snapshot ${identifier}`,
      send: async (abortSignal) => {
        await this.#api.delete(identifier, { abortSignal })
        return true
      },
      recover: (_, code) => (SNAPSHOT_BUSY.test(code) || SNAPSHOT_NOT_FOUND.test(code) ? false : undefined),
    })
  }

  /** Other accounts may restore it. */
  async isShared(identifier: string): Promise<boolean> {
    const accounts = await this.#caller.call({
      operation: this.#api.actions.describeAttributes,
      subject: `snapshot ${identifier}`,
      send: (abortSignal) => this.#api.describeAttributes(identifier, { abortSignal }),
    })
    return accounts.length > 0
  }

  /** `busy`: as many copies as AWS allows are on their way; it has no code of its own for that. */
  copySnapshot(copy: SnapshotCopy): Promise<Requested> {
    return this.#caller.call<Requested>({
      operation: this.#api.actions.copy,
      subject: `snapshot ${copy.source.arn}`,
      send: async (abortSignal) => {
        const snapshot = await this.#api.copy(copy, { abortSignal })
        if (!snapshot) throw new ActionError('internal', `${this.#api.actions.copy} answered without a snapshot.`)
        return snapshot
      },
      recover: (error, code) => {
        if (SNAPSHOT_EXISTS.test(code)) return 'exists'
        return code === 'SnapshotQuotaExceeded' && /cop(y|ies)|in.progress/i.test(messageOf(error)) ? 'busy' : undefined
      },
    })
  }

  async #listSnapshots(
    subject: string,
    filter: { snapshot?: string; database?: string },
  ): Promise<readonly Snapshot[]> {
    const found: Snapshot[] = []
    let marker: string | undefined
    do {
      const at = marker
      const page = await this.#caller.call({
        operation: this.#api.actions.describeSnapshots,
        subject,
        send: (abortSignal) =>
          this.#api.describeSnapshots({ ...filter, ...(at !== undefined && { marker: at }) }, { abortSignal }),
        recover: (_, code) => (SNAPSHOT_NOT_FOUND.test(code) ? { snapshots: [] } : undefined),
      })
      found.push(...page.snapshots)
      marker = page.marker
    } while (marker !== undefined)
    return found
  }
}
