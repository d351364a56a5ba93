import type { Database, Snapshot } from './snapshot.ts'

export interface NewSnapshot {
  readonly identifier: string
  readonly databaseIdentifier: string
  readonly tags: ReadonlyMap<string, string>
}

export interface SnapshotCopy {
  readonly source: Snapshot
  readonly kmsKeyId: string | undefined
}

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
