import {
  CopyDBSnapshotCommand,
  CreateDBSnapshotCommand,
  type DBInstance,
  type DBSnapshot,
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotAttributesCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds'
import { readTags, withoutAwsTags, writeTags } from './rds-tags.ts'
import { presentOptions, type RestoreOption } from './restore-options.ts'
import type { Snapshot } from './snapshot.ts'
import type { SnapshotApi } from './snapshot-api.ts'

/** The calls for single instances. */
export function createInstanceApi(client: RDSClient): SnapshotApi {
  return {
    type: 'instance',
    longestIdentifier: 255,
    actions: {
      describeDatabase: 'rds:DescribeDBInstances',
      describeSnapshots: 'rds:DescribeDBSnapshots',
      create: 'rds:CreateDBSnapshot',
      delete: 'rds:DeleteDBSnapshot',
      describeAttributes: 'rds:DescribeDBSnapshotAttributes',
      copy: 'rds:CopyDBSnapshot',
    },
    async describeDatabase(identifier, options) {
      const answer = await client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }), options)
      const [instance] = answer.DBInstances ?? []
      return (
        instance && {
          identifier: instance.DBInstanceIdentifier ?? identifier,
          resourceId: instance.DbiResourceId ?? '',
          status: instance.DBInstanceStatus ?? 'unknown',
          engine: instance.Engine ?? 'unknown',
          encrypted: instance.StorageEncrypted ?? false,
          clusterIdentifier: instance.DBClusterIdentifier,
          restoreOptions: restoreOptions(instance),
          writer: undefined,
        }
      )
    },
    async describeSnapshots({ snapshot, database, marker }, options) {
      const answer = await client.send(
        new DescribeDBSnapshotsCommand({
          DBSnapshotIdentifier: snapshot,
          DBInstanceIdentifier: database,
          ...(snapshot === undefined && { SnapshotType: 'manual' }),
          Marker: marker,
        }),
        options,
      )
      return { snapshots: (answer.DBSnapshots ?? []).map(readSnapshot), marker: answer.Marker }
    },
    async create({ identifier, databaseIdentifier, tags }, options) {
      const request = {
        DBSnapshotIdentifier: identifier,
        DBInstanceIdentifier: databaseIdentifier,
        Tags: writeTags(tags),
      }
      const { DBSnapshot } = await client.send(new CreateDBSnapshotCommand(request), options)
      return DBSnapshot && readSnapshot(DBSnapshot)
    },
    delete: (identifier, options) =>
      client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: identifier }), options),
    async describeAttributes(identifier, options) {
      const answer = await client.send(
        new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: identifier }),
        options,
      )
      const attributes = answer.DBSnapshotAttributesResult?.DBSnapshotAttributes ?? []
      return attributes.find(({ AttributeName }) => AttributeName === 'restore')?.AttributeValues ?? []
    },
    async copy({ source, kmsKeyId }, options) {
      const { DBSnapshot } = await client.send(
        new CopyDBSnapshotCommand({
          // From the region in this ARN the SDK makes the signed URL that GovCloud and China ask for.
          SourceDBSnapshotIdentifier: source.arn,
          TargetDBSnapshotIdentifier: source.identifier,
          KmsKeyId: kmsKeyId,
          Tags: writeTags(withoutAwsTags(source.tags)),
        }),
        options,
      )
      return DBSnapshot && readSnapshot(DBSnapshot)
    },
  }
}

/** RestoreDBInstanceFromDBSnapshot gives a new instance defaults for all of these ("Restoring to a DB instance", RDS User Guide). */
function restoreOptions(instance: DBInstance): readonly RestoreOption[] {
  const parameterGroup = instance.DBParameterGroups?.[0]?.DBParameterGroupName
  const optionGroup = instance.OptionGroupMemberships?.[0]?.OptionGroupName
  return presentOptions([
    ['--db-instance-class', instance.DBInstanceClass],
    ['--db-subnet-group-name', instance.DBSubnetGroup?.DBSubnetGroupName],
    ['--vpc-security-group-ids', ...(instance.VpcSecurityGroups ?? []).map((group) => group.VpcSecurityGroupId)],
    ['--db-parameter-group-name', parameterGroup],
    ['--option-group-name', optionGroup?.startsWith('default:') ? undefined : optionGroup],
    [instance.MultiAZ ? '--multi-az' : '--no-multi-az'],
    [instance.PubliclyAccessible ? '--publicly-accessible' : '--no-publicly-accessible'],
    ...(instance.IAMDatabaseAuthenticationEnabled ? [['--enable-iam-database-authentication'] as const] : []),
    ...(instance.CopyTagsToSnapshot ? [['--copy-tags-to-snapshot'] as const] : []),
    ...(instance.DeletionProtection ? [['--deletion-protection'] as const] : []),
  ])
}

function readSnapshot(snapshot: DBSnapshot): Snapshot {
  return {
    identifier: snapshot.DBSnapshotIdentifier ?? '',
    arn: snapshot.DBSnapshotArn ?? '',
    databaseIdentifier: snapshot.DBInstanceIdentifier ?? '',
    resourceId: snapshot.DbiResourceId ?? '',
    type: snapshot.SnapshotType ?? 'unknown',
    status: snapshot.Status ?? 'unknown',
    percentProgress: snapshot.PercentProgress ?? 0,
    sizeGib: snapshot.AllocatedStorage ?? 0,
    encrypted: snapshot.Encrypted ?? false,
    engine: snapshot.Engine ?? 'unknown',
    createdAt: snapshot.SnapshotCreateTime,
    sourceArn: snapshot.SourceDBSnapshotIdentifier,
    tags: readTags(snapshot.TagList),
  }
}
