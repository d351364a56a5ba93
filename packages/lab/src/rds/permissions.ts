import type { Call } from '../service.ts'
import type { Account } from './account.ts'
import { arnOf, type DbCluster, type DbInstance, type ResourceType, type Snapshot } from './resources.ts'
import type { SnapshotKind } from './snapshot-kind.ts'
import type { Tags } from './tags.ts'

type Keys = Record<string, string | readonly string[]>

/**
 * Whether the caller may do `action` to what has this name, be it there or not, with the condition keys that go with it.
 *
 * @throws AwsError AccessDenied
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
 */
type Authorize = (call: Call, action: string, account: Account, identifier: string, requestTags?: Tags) => void

function authorizing<Resource>(
  arnType: ResourceType,
  find: (account: Account, region: string, identifier: string) => Resource | undefined,
  keysOf: (resource: Resource) => Keys,
): Authorize {
  return (call, action, account, identifier, requestTags) => {
    const resource = find(account, call.region, identifier)
    const arn = arnOf(account.context, call.region, arnType, identifier.toLowerCase())
    call.authorize(action, arn, { ...(resource && keysOf(resource)), ...requestKeys(requestTags) })
  }
}

export const authorizeInstance = authorizing('db', (account, ...name) => account.instance(...name), instanceKeys)

export const authorizeCluster = authorizing('cluster', (account, ...name) => account.cluster(...name), clusterKeys)

/** What snapshots of this kind are taken of. */
export function authorizeSource(kind: SnapshotKind, ...given: Parameters<Authorize>): void {
  const authorize = kind.of === 'instance' ? authorizeInstance : authorizeCluster
  authorize(...given)
}

export function authorizeSnapshot(kind: SnapshotKind, ...given: Parameters<Authorize>): void {
  const find = (account: Account, region: string, identifier: string) => account.snapshot(kind, region, identifier)
  authorizing(kind.arnType, find, (snapshot) => snapshotKeys(kind, snapshot))(...given)
}

/**
 * Tags in a request that creates something need rds:AddTagsToResource on it as well:
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples-grant-permissions-tags-on-create.html
 */
export function authorizeTagsOnCreate(call: Call, arn: string, tags: Tags): void {
  if (tags.size > 0) call.authorize('rds:AddTagsToResource', arn, requestKeys(tags))
}

export function requestKeys(tags: Tags | undefined): Keys {
  if (tags === undefined || tags.size === 0) return {}
  const keys: Keys = { 'aws:TagKeys': [...tags.keys()] }
  for (const [key, value] of tags) {
    keys[`aws:RequestTag/${key}`] = value
    keys[`rds:req-tag/${key}`] = value
  }
  return keys
}

export function instanceKeys(instance: DbInstance): Keys {
  return {
    ...tagKeys('rds:db-tag', instance.tags),
    'rds:DatabaseClass': instance.instanceClass,
    'rds:DatabaseEngine': instance.engine,
    'rds:DatabaseName': instance.databaseName,
    'rds:MultiAz': String(instance.multiAz),
    'rds:Piops': '0',
    'rds:StorageEncrypted': String(instance.kmsKeyId !== undefined),
    'rds:StorageSize': String(instance.allocatedStorage),
    'rds:Vpc': 'true',
  }
}

export function clusterKeys(cluster: DbCluster): Keys {
  return tagKeys('rds:cluster-tag', cluster.tags)
}

export function snapshotKeys(kind: SnapshotKind, snapshot: Snapshot): Keys {
  return tagKeys(kind.tagKey, snapshot.tags)
}

function tagKeys(prefix: string, tags: Tags): Keys {
  const keys: Keys = {}
  for (const [key, value] of tags) {
    keys[`aws:ResourceTag/${key}`] = value
    keys[`${prefix}/${key}`] = value
  }
  return keys
}
