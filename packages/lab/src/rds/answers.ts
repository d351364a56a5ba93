import { type Output, XmlList } from '../service.ts'
import type { Account } from './account.ts'
import { ADDRESS } from './postgres/server.ts'
import type { DbCluster, DbInstance, Snapshot } from './resources.ts'
import { tagList } from './tags.ts'

/** The account's one network, as RDS shows it. */
const VPC = 'vpc-0a1b2c3d4e5f60718'
const LICENSE = 'postgresql-license'
const BACKUP_WINDOW = '03:00-03:30'

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html */
export function instanceAnswer(account: Account, instance: DbInstance): Output {
  const { port } = instance.server
  const zone = `${account.context.region}a`
  return {
    DBInstanceIdentifier: instance.identifier,
    DBInstanceClass: instance.instanceClass,
    Engine: instance.engine,
    DBInstanceStatus: instance.status,
    MasterUsername: instance.username,
    DBName: instance.databaseName,
    // "The endpoint might not be shown for instances with the status of creating."
    Endpoint: port === undefined || instance.status === 'creating' ? undefined : { Address: ADDRESS, Port: port },
    DbInstancePort: 0,
    AllocatedStorage: instance.allocatedStorage,
    InstanceCreateTime: instance.status === 'creating' ? undefined : instance.createdAt,
    PreferredBackupWindow: BACKUP_WINDOW,
    BackupRetentionPeriod: 0,
    DBSecurityGroups: new XmlList('DBSecurityGroup', []),
    VpcSecurityGroups: securityGroups(instance),
    DBParameterGroups: new XmlList('DBParameterGroup', [
      { DBParameterGroupName: instance.parameterGroup, ParameterApplyStatus: 'in-sync' },
    ]),
    AvailabilityZone: zone,
    DBSubnetGroup: {
      DBSubnetGroupName: instance.subnetGroup,
      DBSubnetGroupDescription: instance.subnetGroup,
      VpcId: VPC,
      SubnetGroupStatus: 'Complete',
      Subnets: new XmlList('Subnet', [
        {
          SubnetIdentifier: 'subnet-0a1b2c3d4e5f60718',
          SubnetAvailabilityZone: { Name: zone },
          SubnetStatus: 'Active',
        },
      ]),
    },
    PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
    PendingModifiedValues: {},
    MultiAZ: instance.multiAz,
    EngineVersion: instance.engineVersion,
    AutoMinorVersionUpgrade: instance.autoMinorVersionUpgrade,
    ReadReplicaDBInstanceIdentifiers: new XmlList('ReadReplicaDBInstanceIdentifier', []),
    LicenseModel: LICENSE,
    OptionGroupMemberships: new XmlList('OptionGroupMembership', [
      { OptionGroupName: optionGroupOf(instance.engine, instance.engineVersion), Status: 'in-sync' },
    ]),
    PubliclyAccessible: instance.publiclyAccessible,
    StorageType: instance.storageType,
    DBClusterIdentifier: instance.cluster,
    StorageEncrypted: instance.kmsKeyId !== undefined,
    KmsKeyId: instance.kmsKeyId,
    DbiResourceId: instance.resourceId,
    CopyTagsToSnapshot: instance.copyTagsToSnapshot,
    MonitoringInterval: 0,
    DBInstanceArn: account.arn(instance),
    IAMDatabaseAuthenticationEnabled: false,
    PerformanceInsightsEnabled: false,
    DeletionProtection: instance.deletionProtection,
    TagList: tagList(instance.tags),
    NetworkType: 'IPV4',
  }
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html */
export function clusterAnswer(account: Account, cluster: DbCluster): Output {
  const members = account.members(cluster)
  return {
    AllocatedStorage: cluster.allocatedStorage,
    AvailabilityZones: zones(account.context.region),
    BackupRetentionPeriod: 1,
    DatabaseName: cluster.databaseName,
    DBClusterIdentifier: cluster.identifier,
    DBClusterParameterGroup: cluster.parameterGroup,
    DBSubnetGroup: cluster.subnetGroup,
    Status: cluster.status,
    Endpoint: ADDRESS,
    ReaderEndpoint: ADDRESS,
    MultiAZ: members.length > 1,
    // Of Multi-AZ clusters only; the instances of Aurora have classes of their own.
    DBClusterInstanceClass: cluster.engine.startsWith('aurora') ? undefined : members[0]?.instanceClass,
    Engine: cluster.engine,
    EngineVersion: cluster.engineVersion,
    EngineMode: 'provisioned',
    Port: cluster.server.port ?? 0,
    MasterUsername: cluster.username,
    PreferredBackupWindow: BACKUP_WINDOW,
    DBClusterMembers: new XmlList(
      'DBClusterMember',
      members.map(({ identifier }, index) => ({
        DBInstanceIdentifier: identifier,
        IsClusterWriter: index === 0,
        DBClusterParameterGroupStatus: 'in-sync',
        PromotionTier: 1,
      })),
    ),
    VpcSecurityGroups: securityGroups(cluster),
    StorageEncrypted: cluster.kmsKeyId !== undefined,
    KmsKeyId: cluster.kmsKeyId,
    DbClusterResourceId: cluster.resourceId,
    DBClusterArn: account.arn(cluster),
    ClusterCreateTime: cluster.createdAt,
    StorageType: cluster.storageType,
    CopyTagsToSnapshot: cluster.copyTagsToSnapshot,
    DeletionProtection: cluster.deletionProtection,
    TagList: tagList(cluster.tags),
  }
}

export function snapshotAnswer(account: Account, snapshot: Snapshot): Output {
  return snapshot.kind === 'instance' ? instanceSnapshotAnswer(account, snapshot) : clusterSnapshotAnswer(snapshot)
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSnapshot.html */
function instanceSnapshotAnswer(account: Account, snapshot: Snapshot): Output {
  const { source } = snapshot
  const done = snapshot.status === 'available'
  return {
    DBSnapshotIdentifier: snapshot.identifier,
    DBInstanceIdentifier: source.identifier,
    // "If the snapshot status is not available it will not be present": https://github.com/boto/boto3/issues/952
    SnapshotCreateTime: done ? snapshot.createdAt : undefined,
    OriginalSnapshotCreateTime: done ? snapshot.originalCreatedAt : undefined,
    SnapshotDatabaseTime: done ? snapshot.originalCreatedAt : undefined,
    Engine: source.engine,
    AllocatedStorage: source.allocatedStorage,
    Status: snapshot.status,
    Port: source.port,
    AvailabilityZone: `${account.context.region}a`,
    VpcId: VPC,
    InstanceCreateTime: source.createdAt,
    MasterUsername: source.username,
    EngineVersion: source.engineVersion,
    LicenseModel: LICENSE,
    SnapshotType: snapshot.type,
    OptionGroupName: optionGroupOf(source.engine, source.engineVersion),
    PercentProgress: snapshot.percentProgress,
    SourceRegion: snapshot.copyOf?.split(':')[3],
    SourceDBSnapshotIdentifier: snapshot.copyOf,
    StorageType: source.storageType,
    Encrypted: snapshot.kmsKeyId !== undefined,
    KmsKeyId: snapshot.kmsKeyId,
    DBSnapshotArn: snapshot.arn,
    IAMDatabaseAuthenticationEnabled: false,
    ProcessorFeatures: new XmlList('ProcessorFeature', []),
    DbiResourceId: source.resourceId,
    TagList: tagList(snapshot.tags),
    SnapshotTarget: 'region',
  }
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBClusterSnapshot.html */
function clusterSnapshotAnswer(snapshot: Snapshot): Output {
  const { source } = snapshot
  return {
    AvailabilityZones: zones(snapshot.region),
    DBClusterSnapshotIdentifier: snapshot.identifier,
    DBClusterIdentifier: source.identifier,
    // Unlike an instance's, shown from the start: `aws rds create-db-cluster-snapshot help`, Examples.
    SnapshotCreateTime: snapshot.createdAt ?? snapshot.requestedAt,
    Engine: source.engine,
    EngineMode: 'provisioned',
    AllocatedStorage: source.allocatedStorage,
    Status: snapshot.status,
    Port: source.port,
    VpcId: VPC,
    ClusterCreateTime: source.createdAt,
    MasterUsername: source.username,
    EngineVersion: source.engineVersion,
    LicenseModel: LICENSE,
    SnapshotType: snapshot.type,
    PercentProgress: snapshot.percentProgress,
    StorageEncrypted: snapshot.kmsKeyId !== undefined,
    KmsKeyId: snapshot.kmsKeyId,
    DBClusterSnapshotArn: snapshot.arn,
    SourceDBClusterSnapshotArn: snapshot.copyOf,
    IAMDatabaseAuthenticationEnabled: false,
    StorageType: source.storageType,
    DbClusterResourceId: source.resourceId,
    TagList: tagList(snapshot.tags),
  }
}

export function optionGroupOf(engine: string, version: string): string {
  return `default:${engine}-${version.split('.')[0]}`
}

export function parameterGroupOf(engine: string, version: string): string {
  return `default.${engine}${version.split('.')[0]}`
}

function securityGroups(database: DbInstance | DbCluster): XmlList {
  return new XmlList(
    'VpcSecurityGroupMembership',
    database.securityGroups.map((id) => ({ VpcSecurityGroupId: id, Status: 'active' })),
  )
}

function zones(region: string): XmlList {
  return new XmlList('AvailabilityZone', [`${region}a`, `${region}b`, `${region}c`])
}
