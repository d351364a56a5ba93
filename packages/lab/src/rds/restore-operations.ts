import { AwsError, type Call, type Input, type Operation, type Output } from '../service.ts'
import type { Account } from './account.ts'
import { clusterAnswer, instanceAnswer } from './answers.ts'
import {
  authorizeNewInstance,
  begin,
  CREATE_SECONDS,
  checkNew,
  createMember,
  INSTANCE_SETTINGS,
  settingsOf,
} from './creation-operations.ts'
import { checkEngine, newCluster, newInstance } from './databases.ts'
import { checkIdentifier } from './identifiers.ts'
import { authorizeCluster, authorizeTagsOnCreate, snapshotKeys } from './permissions.ts'
import type { PostgresServer } from './postgres/server.ts'
import { flag, readRequest, requiredText, tags, text, texts } from './request.ts'
import { arnOf, parseArn, type Snapshot } from './resources.ts'
import { type SnapshotKind, snapshotKinds } from './snapshot-kind.ts'

/** Making databases from snapshots. */
export function restoreOperations(account: Account): Readonly<Record<string, Operation>> {
  return {
    RestoreDBInstanceFromDBSnapshot: (input, call) => restoreInstance(account, input, call),
    RestoreDBClusterFromSnapshot: (input, call) => restoreCluster(account, input, call),
  }
}

function restoreInstance(account: Account, input: Input, call: Call): Output {
  const request = readRequest('RestoreDBInstanceFromDBSnapshot', input, {
    ...INSTANCE_SETTINGS,
    identifier: ['DBInstanceIdentifier', requiredText],
    snapshot: ['DBSnapshotIdentifier', requiredText],
    engine: ['Engine', text],
  })
  const identifier = checkIdentifier(request.identifier, 'DBInstanceIdentifier', 63)
  const action = 'rds:RestoreDBInstanceFromDBSnapshot'
  authorizeNewInstance(account, call, action, identifier, request.tags, request)
  const snapshot = findSnapshot(account, snapshotKinds.instance, call, action, request.snapshot)
  checkNew(account, call.region, identifier)
  const { engine, databaseName, username, snapshotSeconds, allocatedStorage, storageType, instanceClass } =
    snapshot.source
  checkEngine(request.engine ?? engine, [engine])
  const instance = newInstance(account, {
    ...{ engine, databaseName, username, snapshotSeconds, allocatedStorage, storageType },
    ...(instanceClass === undefined ? {} : { instanceClass }),
    ...settingsOf(request),
    identifier,
    kmsKeyId: snapshot.kmsKeyId,
    status: 'creating',
    server: account.storage.newServer(),
    cluster: undefined,
  })
  const fill = fillFrom(account, snapshot, instance.server)
  begin(account, instance, async () => {
    await fill()
    await instance.server.start()
  })
  return { DBInstance: instanceAnswer(account, instance) }
}

/**
 * Aurora makes the cluster only, its members have to be created; a Multi-AZ cluster comes with its three.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
 */
function restoreCluster(account: Account, input: Input, call: Call): Output {
  const request = readRequest('RestoreDBClusterFromSnapshot', input, {
    identifier: ['DBClusterIdentifier', requiredText],
    snapshot: ['SnapshotIdentifier', requiredText],
    engine: ['Engine', requiredText],
    tags: ['Tags', tags],
    copyTagsToSnapshot: ['CopyTagsToSnapshot', flag],
    deletionProtection: ['DeletionProtection', flag],
    securityGroups: ['VpcSecurityGroupIds', texts],
    subnetGroup: ['DBSubnetGroupName', text],
    parameterGroup: ['DBClusterParameterGroupName', text],
    instanceClass: ['DBClusterInstanceClass', text],
  })
  const identifier = checkIdentifier(request.identifier, 'DBClusterIdentifier', 63)
  const action = 'rds:RestoreDBClusterFromSnapshot'
  authorizeCluster(call, action, account, identifier, request.tags)
  authorizeTagsOnCreate(call, arnOf(account.context, call.region, 'cluster', identifier), request.tags)
  const snapshot = findSnapshot(account, snapshotKinds.cluster, call, action, request.snapshot)
  if (account.cluster(call.region, identifier)) {
    throw new AwsError('DBClusterAlreadyExistsFault', 'DB Cluster already exists')
  }
  const { engine, databaseName, username, snapshotSeconds, allocatedStorage, storageType } = snapshot.source
  checkEngine(request.engine, [engine])
  const multiAz = engine === 'postgres'
  if (multiAz !== (request.instanceClass !== undefined)) {
    throw new AwsError(
      'InvalidParameterCombination',
      `DBClusterInstanceClass ${multiAz ? 'must be provided' : "isn't supported"} for DB engine ${engine}.`,
    )
  }
  const cluster = newCluster(account, {
    ...{ engine, databaseName, username, snapshotSeconds, allocatedStorage, storageType },
    ...settingsOf({ ...request, instanceClass: undefined }),
    identifier,
    kmsKeyId: snapshot.kmsKeyId,
    status: 'creating',
    server: account.storage.newServer(),
  })
  const fill = fillFrom(account, snapshot, cluster.server)
  account.add(cluster)
  account.transitions.start(
    cluster.resourceId,
    async (pause) => {
      await Promise.all([pause(CREATE_SECONDS), fill()])
      account.setStatus(cluster, 'available')
      const members = multiAz ? [1, 2, 3] : []
      for (const number of members) {
        const instanceClass = request.instanceClass!
        createMember(account, cluster, { identifier: `${identifier}-instance-${number}`, instanceClass })
      }
    },
    (error) => account.setStatus(cluster, 'failed', error.message),
  )
  return { DBCluster: clusterAnswer(account, cluster) }
}

/** @throws AwsError when the snapshot is not in the caller's region, or not available */
function findSnapshot(account: Account, kind: SnapshotKind, call: Call, action: string, given: string): Snapshot {
  const parsed = parseArn(given)
  const name = (parsed?.name ?? given).toLowerCase()
  const here = parsed === undefined || (parsed.region === call.region && parsed.type === kind.arnType)
  const snapshot = here ? account.snapshot(kind, call.region, name) : undefined
  const arn = parsed ? given : arnOf(account.context, call.region, kind.arnType, name)
  call.authorize(action, arn, snapshot ? snapshotKeys(kind, snapshot) : {})
  if (snapshot === undefined) throw kind.notFound(given)
  if (snapshot.status !== 'available') {
    throw kind.invalidState(`Cannot restore ${name} because it is not currently in the available state.`)
  }
  return snapshot
}

/** Holds on to the snapshot's data from now on, so that the snapshot may be deleted meanwhile. */
function fillFrom(account: Account, snapshot: Snapshot, server: PostgresServer): () => Promise<void> {
  const data = snapshot.data!
  data.users += 1
  return async () => {
    try {
      await account.storage.restore(server, data)
    } finally {
      await account.storage.release(data)
    }
  }
}
