import type { LabContext } from '../service.ts'
import type { PostgresServer } from './postgres/server.ts'
import type { SnapshotData } from './postgres/storage.ts'
import type { Tags } from './tags.ts'

/** What an instance and a cluster have in common. */
interface Database {
  identifier: string
  /** `DbiResourceId` or `DbClusterResourceId`: who it is, whatever its name. */
  readonly resourceId: string
  readonly createdAt: Date
  readonly engine: string
  readonly engineVersion: string
  readonly databaseName: string
  readonly username: string
  status: string
  allocatedStorage: number
  storageType: string
  /** The key that it is encrypted with. */
  readonly kmsKeyId: string | undefined
  tags: Tags
  copyTagsToSnapshot: boolean
  deletionProtection: boolean
  securityGroups: readonly string[]
  readonly subnetGroup: string
  /** AWS seconds from the request for a snapshot until it is available. */
  readonly snapshotSeconds: number
  /** Of the cluster, for each of its members: Aurora keeps one copy of the data. */
  readonly server: PostgresServer
}

export interface DbInstance extends Database {
  readonly kind: 'instance'
  instanceClass: string
  parameterGroup: string
  multiAz: boolean
  publiclyAccessible: boolean
  autoMinorVersionUpgrade: boolean
  /** Set when it is a member of a cluster. */
  readonly cluster: string | undefined
}

export interface DbCluster extends Database {
  readonly kind: 'cluster'
  readonly parameterGroup: string
}

/** A snapshot of an instance or of a cluster. */
export interface Snapshot {
  readonly kind: 'instance' | 'cluster'
  readonly identifier: string
  readonly arn: string
  readonly region: string
  readonly type: 'manual' | 'automated'
  /** The database as it was when the snapshot was taken. */
  readonly source: SnapshotSource
  status: string
  percentProgress: number
  readonly requestedAt: Date
  /** Absent until the data has been taken. */
  createdAt: Date | undefined
  /** Of the first snapshot, when this is a copy of it. */
  originalCreatedAt: Date | undefined
  kmsKeyId: string | undefined
  tags: Tags
  /** Accounts that may restore it, or `all`. */
  sharedWith: readonly string[]
  /** ARN of the snapshot that this is a copy of. */
  readonly copyOf: string | undefined
  data: SnapshotData | undefined
}

export interface SnapshotSource {
  readonly identifier: string
  readonly resourceId: string
  readonly createdAt: Date
  readonly engine: string
  readonly engineVersion: string
  readonly databaseName: string
  readonly username: string
  readonly allocatedStorage: number
  readonly storageType: string
  readonly instanceClass: string | undefined
  readonly snapshotSeconds: number
  readonly port: number
}

export function sourceOf(database: DbInstance | DbCluster): SnapshotSource {
  const { identifier, resourceId, createdAt, engine, engineVersion, databaseName, username } = database
  const { allocatedStorage, storageType, snapshotSeconds } = database
  return {
    ...{ identifier, resourceId, createdAt, engine, engineVersion, databaseName, username },
    ...{ allocatedStorage, storageType, snapshotSeconds },
    instanceClass: database.kind === 'instance' ? database.instanceClass : undefined,
    port: database.server.port ?? 0,
  }
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.ARN.Constructing.html */
export type ResourceType = 'db' | 'cluster' | 'snapshot' | 'cluster-snapshot' | 'og' | 'pg' | 'subgrp'

export function arnOf(
  context: Pick<LabContext, 'accountId'>,
  region: string,
  type: ResourceType,
  name: string,
): string {
  return `arn:aws:rds:${region}:${context.accountId}:${type}:${name}`
}

export interface ParsedArn {
  readonly region: string
  readonly accountId: string
  readonly type: string
  readonly name: string
}

export function parseArn(text: string): ParsedArn | undefined {
  const match = /^arn:aws[\w-]*:rds:([a-z0-9-]+):(\d{12}):([a-z-]+):(.+)$/.exec(text)
  if (match === null) return undefined
  const [, region = '', accountId = '', type = '', name = ''] = match
  return { region, accountId, type, name }
}

/** `db-` or `cluster-` and 26 letters and digits, as AWS makes them. */
export function newResourceId(prefix: 'db' | 'cluster', random: () => number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const letters = Array.from({ length: 26 }, () => alphabet[Math.floor(random() * alphabet.length)])
  return `${prefix}-${letters.join('')}`
}

/** The name in an ARN, or the name itself, in lower case. */
export function nameIn(identifier: string): string {
  return (parseArn(identifier)?.name ?? identifier).toLowerCase()
}
