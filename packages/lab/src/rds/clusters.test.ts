import {
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  DeleteDBClusterSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RestoreDBClusterFromSnapshotCommand,
  StopDBInstanceCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

let rds: StartedRds

beforeAll(async () => {
  const member = { ...financeHub, engine: 'aurora-postgresql', cluster: 'hub' }
  rds = await startRds({
    databases: [member, { ...member, identifier: 'finance-hub-reader' }, { ...financeHub, identifier: 'alone' }],
  })
})
afterAll(() => rds[Symbol.asyncDispose]())

const DBClusterIdentifier = 'hub'

async function describeCluster(identifier = DBClusterIdentifier) {
  const { DBClusters } = await rds.client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier }))
  return DBClusters![0]!
}

async function create(DBClusterSnapshotIdentifier: string) {
  const command = new CreateDBClusterSnapshotCommand({ DBClusterIdentifier, DBClusterSnapshotIdentifier })
  return (await rds.client.send(command)).DBClusterSnapshot!
}

test('a cluster has a writer and readers, which name it', async () => {
  expect(await describeCluster('HUB')).toMatchObject({
    Status: 'available',
    Engine: 'aurora-postgresql',
    DBClusterArn: 'arn:aws:rds:eu-central-1:123456789012:cluster:hub',
    DbClusterResourceId: expect.stringMatching(/^cluster-[A-Z2-7]{26}$/),
    Endpoint: '127.0.0.1',
    Port: rds.service.endpoint('finance-hub').port,
    DBClusterMembers: [
      { DBInstanceIdentifier: 'finance-hub', IsClusterWriter: true },
      { DBInstanceIdentifier: 'finance-hub-reader', IsClusterWriter: false },
    ],
  })
  const Filters = [{ Name: 'db-cluster-id', Values: ['hub'] }]
  const { DBInstances } = await rds.client.send(new DescribeDBInstancesCommand({ Filters }))
  expect(DBInstances!.map((instance) => [instance.DBInstanceIdentifier, instance.DBClusterIdentifier])).toEqual([
    ['finance-hub', 'hub'],
    ['finance-hub-reader', 'hub'],
  ])
  await expect(describeCluster('alone')).rejects.toMatchObject({
    name: 'DBClusterNotFoundFault',
    $metadata: { httpStatusCode: 404 },
  })
})

test('a member of a cluster cannot be snapshotted alone, nor stopped', async () => {
  // As quoted in https://github.com/cloud-custodian/cloud-custodian/issues/313
  const member = { DBInstanceIdentifier: 'finance-hub' }
  const alone = new CreateDBSnapshotCommand({ ...member, DBSnapshotIdentifier: 'of-member' })
  await expect(rds.client.send(alone)).rejects.toMatchObject({
    name: 'InvalidParameterValue',
    message:
      'The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the CreateDBClusterSnapshot API instead.',
  })
  // "This command doesn't apply to … Aurora PostgreSQL": API reference of StopDBInstance
  const stop = new StopDBInstanceCommand(member)
  await expect(rds.client.send(stop)).rejects.toMatchObject({ name: 'InvalidParameterCombination' })
})

test('a snapshot of a cluster, and the faults that have names of their own', async () => {
  const created = await create('hub-before')
  expect(created).toMatchObject({
    DBClusterIdentifier,
    DBClusterSnapshotArn: 'arn:aws:rds:eu-central-1:123456789012:cluster-snapshot:hub-before',
    DbClusterResourceId: (await describeCluster()).DbClusterResourceId,
    Status: 'creating',
    PercentProgress: 0,
    SnapshotType: 'manual',
    StorageEncrypted: false,
    // Shown from the start, unlike an instance's: `aws rds create-db-cluster-snapshot help`, Examples
    SnapshotCreateTime: expect.any(Date),
  })
  await expect(create('hub-next')).rejects.toMatchObject({ name: 'InvalidDBClusterStateFault' })
  await expect(create('hub-before')).rejects.toMatchObject({ name: 'DBClusterSnapshotAlreadyExistsFault' })
  // "Must contain from 1 to 63 letters, numbers, or hyphens": API reference of CreateDBClusterSnapshot
  await expect(create('a'.repeat(64))).rejects.toMatchObject({
    name: 'InvalidParameterValue',
    message: /longer than 63/,
  })
  const remove = new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: 'hub-before' })
  await expect(rds.client.send(remove)).rejects.toMatchObject({ name: 'InvalidDBClusterSnapshotStateFault' })
  await rds.service.settled()

  const ofCluster = new DescribeDBClusterSnapshotsCommand({ DBClusterIdentifier })
  expect((await rds.client.send(ofCluster)).DBClusterSnapshots).toMatchObject([
    { DBClusterSnapshotIdentifier: 'hub-before', Status: 'available', PercentProgress: 100 },
  ])
  // "This parameter can't be used in conjunction with the DBClusterSnapshotIdentifier parameter."
  const both = { DBClusterIdentifier, DBClusterSnapshotIdentifier: 'hub-before' }
  await expect(rds.client.send(new DescribeDBClusterSnapshotsCommand(both))).rejects.toMatchObject({
    name: 'InvalidParameterCombination',
  })
  const missing = new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: 'no-such' })
  await expect(rds.client.send(missing)).rejects.toMatchObject({ name: 'DBClusterSnapshotNotFoundFault' })
})

test('an Aurora cluster is restored without members, and answers once it has one', async () => {
  await using session = await rds.connect()
  await session.query('CREATE TABLE kept AS SELECT 42 AS answer')
  await create('hub-with-table')
  await rds.service.settled()
  const restore = { DBClusterIdentifier: 'hub-restored', SnapshotIdentifier: 'hub-with-table' }
  await rds.client.send(new RestoreDBClusterFromSnapshotCommand({ ...restore, Engine: 'aurora-postgresql' }))
  await rds.service.settled()
  expect(await describeCluster('hub-restored')).toMatchObject({ Status: 'available', DBClusterMembers: [] })

  const member = { DBInstanceIdentifier: 'first', DBClusterIdentifier: 'hub-restored', DBInstanceClass: 'db.r7g.large' }
  await rds.client.send(new CreateDBInstanceCommand({ ...member, Engine: 'aurora-postgresql' }))
  await rds.service.settled()
  const { DBInstances } = await rds.client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'first' }))
  await using restored = await rds.connect(DBInstances![0]!.Endpoint!.Port)
  expect((await restored.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }])
})
