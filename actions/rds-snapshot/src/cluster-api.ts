import {
  CopyDBClusterSnapshotCommand,
  CreateDBClusterSnapshotCommand,
  type DBCluster,
  type DBClusterSnapshot,
  DeleteDBClusterSnapshotCommand,
  DescribeDBClusterSnapshotAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  type RDSClient,
} from '@aws-sdk/client-rds'
import { readTags, withoutAwsTags, writeTags } from './rds-tags.ts'
import { presentOptions, type RestoreOption } from './restore-options.ts'
import { isAurora, type Snapshot } from './snapshot.ts'
import type { SnapshotApi } from './snapshot-api.ts'

/** The calls for Aurora and Multi-AZ clusters. */
export function createClusterApi(client: RDSClient): SnapshotApi {
  return {
    type: 'cluster',
    longestIdentifier: 63,
    actions: {
      describeDatabase: 'rds:DescribeDBClusters',
      describeSnapshots: 'rds:DescribeDBClusterSnapshots',
      create: 'rds:CreateDBClusterSnapshot',
      delete: 'rds:DeleteDBClusterSnapshot',
      describeAttributes: 'rds:DescribeDBClusterSnapshotAttributes',
      copy: 'rds:CopyDBClusterSnapshot',
    },
    async describeDatabase(identifier, options) {
      const answer = await client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier }), options)
      const [cluster] = answer.DBClusters ?? []
      return (
        cluster && {
          identifier: cluster.DBClusterIdentifier ?? identifier,
          resourceId: cluster.DbClusterResourceId ?? '',
          status: cluster.Status ?? 'unknown',
          engine: cluster.Engine ?? 'unknown',
          encrypted: cluster.StorageEncrypted ?? false,
          clusterIdentifier: undefined,
          restoreOptions: restoreOptions(cluster),
          writer: isAurora(cluster.Engine) ? writerOf(cluster) : undefined,
        }
      )
    },
    async describeSnapshots({ snapshot, database, marker }, options) {
      const answer = await client.send(
        new DescribeDBClusterSnapshotsCommand({
          DBClusterSnapshotIdentifier: snapshot,
          DBClusterIdentifier: database,
          ...(snapshot === undefined && { SnapshotType: 'manual' }),
          Marker: marker,
        }),
        options,
      )
      return { snapshots: (answer.DBClusterSnapshots ?? []).map(readSnapshot), marker: answer.Marker }
    },
    async create({ identifier, databaseIdentifier, tags }, options) {
      const request = {
        DBClusterSnapshotIdentifier: identifier,
        DBClusterIdentifier: databaseIdentifier,
        Tags: writeTags(tags),
      }
      const { DBClusterSnapshot } = await client.send(new CreateDBClusterSnapshotCommand(request), options)
      return DBClusterSnapshot && readSnapshot(DBClusterSnapshot)
    },
    delete: (identifier, options) =>
      client.send(new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: identifier }), options),
    async describeAttributes(identifier, options) {
      const answer = await client.send(
        new DescribeDBClusterSnapshotAttributesCommand({ DBClusterSnapshotIdentifier: identifier }),
        options,
      )
      const attributes = answer.DBClusterSnapshotAttributesResult?.DBClusterSnapshotAttributes ?? []
      return attributes.find(({ AttributeName }) => AttributeName === 'restore')?.AttributeValues ?? []
    },
    async copy({ source, kmsKeyId }, options) {
      const { DBClusterSnapshot } = await client.send(
        new CopyDBClusterSnapshotCommand({
          // From the region in this ARN the SDK makes the signed URL that GovCloud and China ask for.
          SourceDBClusterSnapshotIdentifier: source.arn,
          TargetDBClusterSnapshotIdentifier: source.identifier,
          KmsKeyId: kmsKeyId,
          Tags: writeTags(withoutAwsTags(source.tags)),
        }),
        options,
      )
      return DBClusterSnapshot && readSnapshot(DBClusterSnapshot)
    },
  }
}

/** RestoreDBClusterFromSnapshot gives a new cluster defaults for all of these. */
function restoreOptions(cluster: DBCluster): readonly RestoreOption[] {
  const { MinCapacity, MaxCapacity } = cluster.ServerlessV2ScalingConfiguration ?? {}
  const capacity = MaxCapacity === undefined ? undefined : `MinCapacity=${MinCapacity},MaxCapacity=${MaxCapacity}`
  return presentOptions([
    ['--engine', cluster.Engine],
    ['--db-cluster-instance-class', cluster.DBClusterInstanceClass],
    ['--db-subnet-group-name', cluster.DBSubnetGroup],
    ['--vpc-security-group-ids', ...(cluster.VpcSecurityGroups ?? []).map((group) => group.VpcSecurityGroupId)],
    ['--db-cluster-parameter-group-name', cluster.DBClusterParameterGroup],
    ['--serverless-v2-scaling-configuration', capacity],
    ...(cluster.IAMDatabaseAuthenticationEnabled ? [['--enable-iam-database-authentication'] as const] : []),
    ...(cluster.CopyTagsToSnapshot ? [['--copy-tags-to-snapshot'] as const] : []),
    ...(cluster.DeletionProtection ? [['--deletion-protection'] as const] : []),
  ])
}

function writerOf(cluster: DBCluster): string | undefined {
  return cluster.DBClusterMembers?.find(({ IsClusterWriter }) => IsClusterWriter)?.DBInstanceIdentifier
}

function readSnapshot(snapshot: DBClusterSnapshot): Snapshot {
  return {
    identifier: snapshot.DBClusterSnapshotIdentifier ?? '',
    arn: snapshot.DBClusterSnapshotArn ?? '',
    databaseIdentifier: snapshot.DBClusterIdentifier ?? '',
    resourceId: snapshot.DbClusterResourceId ?? '',
    type: snapshot.SnapshotType ?? 'unknown',
    status: snapshot.Status ?? 'unknown',
    percentProgress: snapshot.PercentProgress ?? 0,
    sizeGib: snapshot.AllocatedStorage ?? 0,
    encrypted: snapshot.StorageEncrypted ?? false,
    engine: snapshot.Engine ?? 'unknown',
    createdAt: snapshot.SnapshotCreateTime,
    sourceArn: snapshot.SourceDBClusterSnapshotArn,
    tags: readTags(snapshot.TagList),
  }
}
