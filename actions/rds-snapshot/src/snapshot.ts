import type { RestoreOption } from './restore-options.ts'

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
  /** How the AWS CLI makes one like it from a snapshot; the snapshot itself does not know these settings. */
  readonly restoreOptions: readonly RestoreOption[]
  /** Of an Aurora cluster: the instance that writes, which a restored cluster needs one like. */
  readonly writer: string | undefined
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

/** `arn:aws:rds:<region>:…` */
export function regionOf(arn: string): string {
  return arn.split(':')[3] ?? ''
}

/** Aurora's storage grows by itself, so the sizes that RDS reports for it say nothing. */
export function isAurora(engine: string | undefined): boolean {
  return engine?.startsWith('aurora') ?? false
}
