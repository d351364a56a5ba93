import { AwsError, type Call, type Input, type Operation, type Output } from '../service.ts'
import type { Account } from './account.ts'
import { snapshotAnswer } from './answers.ts'
import { checkIdentifier } from './identifiers.ts'
import { clusterNotFound, instanceNotFound } from './listing-operations.ts'
import { authorizeSnapshot, authorizeSource, authorizeTagsOnCreate } from './permissions.ts'
import { readRequest, requiredText, tags } from './request.ts'
import { arnOf, type DbCluster, type DbInstance, type Snapshot, sourceOf } from './resources.ts'
import type { SnapshotKind } from './snapshot-kind.ts'
import { deleteSnapshot, takeSnapshot } from './snapshot-lifecycle.ts'
import { describeSnapshots } from './snapshot-listing.ts'
import type { Tags } from './tags.ts'

/** Making, listing and deleting the snapshots of one kind. */
export function snapshotOperations(account: Account, kind: SnapshotKind): Readonly<Record<string, Operation>> {
  return {
    [`Create${kind.noun}`]: (input, call) => createSnapshot(account, kind, input, call),
    [`Describe${kind.noun}s`]: (input, call) => describeSnapshots(account, kind, input, call),
    [`Delete${kind.noun}`]: (input, call) => removeSnapshot(account, kind, input, call),
  }
}

function createSnapshot(account: Account, kind: SnapshotKind, input: Input, call: Call): Output {
  const request = readRequest(`Create${kind.noun}`, input, {
    identifier: [`${kind.noun}Identifier`, requiredText],
    database: [`${kind.sourceNoun}Identifier`, requiredText],
    tags: ['Tags', tags],
  })
  const identifier = checkIdentifier(request.identifier, `${kind.noun}Identifier`, kind.longestIdentifier)
  authorizeSource(kind, call, `rds:Create${kind.noun}`, account, request.database, request.tags)
  authorizeSnapshot(kind, call, `rds:Create${kind.noun}`, account, identifier, request.tags)
  authorizeTagsOnCreate(call, arnOf(account.context, call.region, kind.arnType, identifier), request.tags)
  const database = findSource(account, kind, call.region, request.database)
  const snapshot = startSnapshot(account, kind, database, identifier, request.tags)
  return { [kind.noun]: snapshotAnswer(account, snapshot) }
}

function findSource(account: Account, kind: SnapshotKind, region: string, identifier: string): DbInstance | DbCluster {
  if (kind.of === 'cluster') {
    const cluster = account.cluster(region, identifier)
    if (cluster === undefined) throw clusterNotFound(identifier)
    return cluster
  }
  const instance = account.instance(region, identifier)
  if (instance === undefined) throw instanceNotFound(identifier)
  if (instance.cluster !== undefined) {
    throw new AwsError(
      'InvalidParameterValue',
      'The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the CreateDBClusterSnapshot API instead.',
    )
  }
  return instance
}

/**
 * Also for the last snapshot of an instance that is stopped or deleted.
 * @throws AwsError when the name is taken, the database is not available or the quota is used up
 */
export function startSnapshot(
  account: Account,
  kind: SnapshotKind,
  database: DbInstance | DbCluster,
  identifier: string,
  given: Tags,
): Snapshot {
  const { region } = account.context
  if (account.snapshot(kind, region, identifier)) throw kind.alreadyExists(identifier)
  // "The source DB instance must be in the available or storage-optimization state."
  if (!['available', 'storage-optimization'].includes(database.status)) throw notAvailable(database)
  account.checkSnapshotQuota(kind, region)
  const snapshot: Snapshot = {
    kind: kind.of,
    identifier,
    arn: arnOf(account.context, region, kind.arnType, identifier),
    region,
    type: 'manual',
    source: sourceOf(database),
    status: 'creating',
    percentProgress: 0,
    requestedAt: new Date(),
    createdAt: undefined,
    originalCreatedAt: undefined,
    kmsKeyId: database.kmsKeyId,
    // "If you … supply at least one tag to the CreateDBSnapshot API operation, then RDS doesn't copy tags from the
    // source DB instance": https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
    tags: given.size === 0 && database.copyTagsToSnapshot ? database.tags : given,
    sharedWith: [],
    copyOf: undefined,
    data: undefined,
  }
  account.addSnapshot(snapshot)
  takeSnapshot(account, database, snapshot)
  return snapshot
}

function notAvailable(database: DbInstance | DbCluster): AwsError {
  const { identifier, status } = database
  return database.kind === 'instance'
    ? new AwsError(
        'InvalidDBInstanceState',
        `Cannot create a snapshot because the database instance ${identifier} is not currently in the available state.`,
      )
    : new AwsError(
        'InvalidDBClusterStateFault',
        `DB cluster ${identifier} is not in the available state; it is ${status}.`,
      )
}

function removeSnapshot(account: Account, kind: SnapshotKind, input: Input, call: Call): Output {
  const operation = `Delete${kind.noun}`
  const request = readRequest(operation, input, { identifier: [`${kind.noun}Identifier`, requiredText] })
  authorizeSnapshot(kind, call, `rds:${operation}`, account, request.identifier)
  const snapshot = account.snapshot(kind, call.region, request.identifier)
  if (snapshot === undefined) throw kind.notFound(request.identifier)
  if (snapshot.type !== 'manual') throw kind.invalidState('Only manual snapshots may be deleted.')
  if (!kind.statesToDelete.includes(snapshot.status)) {
    throw kind.invalidState(
      `Cannot delete the snapshot ${snapshot.identifier} because it is not currently in the available state; it is ${snapshot.status}.`,
    )
  }
  deleteSnapshot(account, snapshot, account.allSnapshots())
  return { [kind.noun]: snapshotAnswer(account, snapshot) }
}
