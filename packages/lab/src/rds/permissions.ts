import type { Call } from '../service.ts'
import type { Account } from './account.ts'
import { arnOf, type DbCluster, type DbInstance, type Snapshot } from './resources.ts'
import type { SnapshotKind } from './snapshot-kind.ts'
import type { Tags } from './tags.ts'

/**
 * Which IAM action on which resource a call needs, and the condition keys that go with it:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
 */
type Keys = Record<string, string | readonly string[]>

export function authorizeInstance(
  call: Call,
  action: string,
  account: Account,
  identifier: string,
  requestTags?: Tags,
): void {
  const instance = account.instance(call.region, identifier)
  const arn = arnOf(account.context, call.region, 'db', identifier.toLowerCase())
  call.authorize(action, arn, { ...(instance ? instanceKeys(instance) : {}), ...requestKeys(requestTags) })
}

export function authorizeCluster(
  call: Call,
  action: string,
  account: Account,
  identifier: string,
  requestTags?: Tags,
): void {
  const cluster = account.cluster(call.region, identifier)
  const arn = arnOf(account.context, call.region, 'cluster', identifier.toLowerCase())
  call.authorize(action, arn, { ...(cluster ? clusterKeys(cluster) : {}), ...requestKeys(requestTags) })
}

export function authorizeSnapshot(
  call: Call,
  action: string,
  account: Account,
  kind: SnapshotKind,
  identifier: string,
  requestTags?: Tags,
): void {
  const snapshot = account.snapshot(kind, call.region, identifier)
  const arn = arnOf(account.context, call.region, kind.arnType, identifier.toLowerCase())
  call.authorize(action, arn, { ...(snapshot ? snapshotKeys(kind, snapshot) : {}), ...requestKeys(requestTags) })
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
