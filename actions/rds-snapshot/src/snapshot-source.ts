import type { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { ActionError, messageOf } from '@deploy-kit/core/errors'
import type { Database, Snapshot } from './snapshot.ts'
import type { NewSnapshot, SnapshotApi, SnapshotCopy } from './snapshot-api.ts'

/** Why AWS did not begin: the name is taken, the database or all slots for copies are busy, the quota is used up. */
export interface Refusal {
  readonly refused: 'exists' | 'busy' | 'quota'
  /** An earlier attempt of this call had lost its answer, so it may have begun what is in the way now. */
  readonly afterLostAnswer: boolean
}

/** The codes on the wire end alike for both kinds (RDS API Reference, Errors of each call). */
const DATABASE_NOT_FOUND = /^DB(Instance|Cluster)NotFound$/
const SNAPSHOT_NOT_FOUND = /^DB(Cluster)?SnapshotNotFound$/
const SNAPSHOT_EXISTS = /^DB(Cluster)?SnapshotAlreadyExists$/
const SNAPSHOT_BUSY = /^InvalidDB(Cluster)?SnapshotState$/
const DATABASE_BUSY = /^InvalidDB(Instance|Cluster)State$/

function unusableKey(key: string | undefined, cause: unknown): ActionError {
  return new ActionError(
    'refused',
    `AWS cannot use the key ${key ?? '(none given)'} for the copy: ${messageOf(cause)}`,
    {
      advice:
        'Check that kms-key-id is an enabled key in copy-to-region and that the role may kms:DescribeKey and kms:CreateGrant on it.',
      cause,
    },
  )
}

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

  /** What AWS's last answer was, if it was none that helps. */
  get trouble(): string | undefined {
    return this.#caller.trouble
  }

  get longestIdentifier(): number {
    return this.#api.longestIdentifier
  }

  async describeDatabase(identifier: string): Promise<Database> {
    const database = await this.#caller.call({
      operation: this.#api.actions.describeDatabase,
      subject: `${this.type} ${identifier}`,
      send: (abortSignal) => this.#api.describeDatabase(identifier, { abortSignal }),
      recover: (_, code) => {
        if (DATABASE_NOT_FOUND.test(code)) throw this.#noDatabase(identifier)
        return undefined
      },
    })
    if (database) return database
    throw this.#noDatabase(identifier)
  }

  #noDatabase(identifier: string): ActionError {
    const other = this.type === 'instance' ? 'db-cluster-identifier' : 'db-instance-identifier'
    return new ActionError('not-found', `There is no RDS ${this.type} ${identifier} in this account and region.`, {
      advice: `Check the name (one of the other kind is given as ${other}), and that aws-region and the account are the ones that are meant.`,
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
  createSnapshot(request: NewSnapshot, onLostAnswer: () => void): Promise<Snapshot | Refusal> {
    return this.#caller.call<Snapshot | Refusal>({
      operation: this.#api.actions.create,
      subject: `${this.type} ${request.databaseIdentifier} (snapshot ${request.identifier})`,
      send: async (abortSignal) => {
        const snapshot = await this.#api.create(request, { abortSignal })
        if (!snapshot) throw new ActionError('internal', `${this.#api.actions.create} answered without a snapshot.`)
        return snapshot
      },
      recover: (_, code, attempt) => {
        const afterLostAnswer = attempt > 1
        if (SNAPSHOT_EXISTS.test(code)) return { refused: 'exists', afterLostAnswer }
        if (DATABASE_BUSY.test(code)) return { refused: 'busy', afterLostAnswer }
        return code === 'SnapshotQuotaExceeded' ? { refused: 'quota', afterLostAnswer } : undefined
      },
      onLostAnswer,
    })
  }

  /** False when it was not this call that deleted it: AWS will not now, or somebody else has. */
  deleteSnapshot(identifier: string): Promise<boolean> {
    return this.#caller.call({
      operation: this.#api.actions.delete,
      subject: `snapshot ${identifier}`,
      send: async (abortSignal) => {
        await this.#api.delete(identifier, { abortSignal })
        return true
      },
      recover: (_, code, attempt) => {
        // From the second attempt on, the first may have deleted it.
        if (SNAPSHOT_NOT_FOUND.test(code)) return attempt > 1
        if (!SNAPSHOT_BUSY.test(code)) return undefined
        return attempt > 1 && this.#isBeingDeleted(identifier)
      },
    })
  }

  async #isBeingDeleted(identifier: string): Promise<boolean> {
    const snapshot = await this.findSnapshot(identifier)
    return snapshot === undefined || /^delet(ing|ed)$/.test(snapshot.status)
  }

  /** Whether other accounts may restore it. */
  async sharing(identifier: string): Promise<'shared' | 'private' | 'gone'> {
    const accounts = await this.#caller.call<readonly string[] | 'gone'>({
      operation: this.#api.actions.describeAttributes,
      subject: `snapshot ${identifier}`,
      send: (abortSignal) => this.#api.describeAttributes(identifier, { abortSignal }),
      recover: (_, code) => (SNAPSHOT_NOT_FOUND.test(code) ? 'gone' : undefined),
    })
    if (accounts === 'gone') return accounts
    return accounts.length > 0 ? 'shared' : 'private'
  }

  /** `busy`: as many copies as AWS allows are on their way; it has no code of its own for that. */
  copySnapshot(copy: SnapshotCopy): Promise<Snapshot | Refusal> {
    return this.#caller.call<Snapshot | Refusal>({
      operation: this.#api.actions.copy,
      subject: `snapshot ${copy.source.arn}`,
      send: async (abortSignal) => {
        const snapshot = await this.#api.copy(copy, { abortSignal })
        if (!snapshot) throw new ActionError('internal', `${this.#api.actions.copy} answered without a snapshot.`)
        return snapshot
      },
      recover: (error, code, attempt) => {
        const afterLostAnswer = attempt > 1
        if (SNAPSHOT_EXISTS.test(code)) return { refused: 'exists', afterLostAnswer }
        if (code === 'KMSKeyNotAccessible') throw unusableKey(copy.kmsKeyId, error)
        const isForWantOfSlots = code === 'SnapshotQuotaExceeded' && /cop(y|ies)|in.progress/i.test(messageOf(error))
        return isForWantOfSlots ? { refused: 'busy', afterLostAnswer } : undefined
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
