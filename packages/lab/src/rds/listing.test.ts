import {
  CopyDBSnapshotCommand,
  CreateDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  type DescribeDBSnapshotsCommandInput,
  paginateDescribeDBSnapshots,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

let rds: StartedRds

beforeAll(async () => {
  rds = await startRds()
  const DBInstanceIdentifier = financeHub.identifier
  await rds.client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'original' }))
  await rds.service.settled()
  for (let count = 10; count < 34; count += 1) {
    const names = { SourceDBSnapshotIdentifier: 'original', TargetDBSnapshotIdentifier: `copy-${count}` }
    await rds.client.send(new CopyDBSnapshotCommand(names))
  }
  await rds.service.settled()
})
afterAll(() => rds[Symbol.asyncDispose]())

async function names(input: DescribeDBSnapshotsCommandInput) {
  const { DBSnapshots } = await rds.client.send(new DescribeDBSnapshotsCommand(input))
  return DBSnapshots!.map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier)
}

test('a list comes in pages of 20 to 100, each snapshot once', async () => {
  const pages: number[] = []
  const seen: (string | undefined)[] = []
  for await (const { DBSnapshots } of paginateDescribeDBSnapshots({ client: rds.client, pageSize: 20 }, {})) {
    pages.push(DBSnapshots!.length)
    seen.push(...DBSnapshots!.map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier))
  }
  expect(pages).toEqual([20, 5])
  expect(new Set(seen).size).toBe(25)
  const all = await rds.client.send(new DescribeDBSnapshotsCommand({}))
  expect(all.Marker).toBeUndefined()
  // "Default: 100. Constraints: Minimum 20, maximum 100": API reference of DescribeDBSnapshots
  for (const MaxRecords of [19, 101]) {
    await expect(rds.client.send(new DescribeDBSnapshotsCommand({ MaxRecords }))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: `Invalid value ${MaxRecords} for MaxRecords. Must be between 20 and 100`,
    })
  }
  const forged = new DescribeDBSnapshotsCommand({ Marker: 'page-2' })
  await expect(rds.client.send(forged)).rejects.toMatchObject({ name: 'InvalidParameterValue' })
})

test('snapshots are found by name, database, resource id, type and filters', async () => {
  const { DBInstances } = await rds.client.send(new DescribeDBInstancesCommand({}))
  const { DbiResourceId } = DBInstances![0]!
  expect(await names({ DBSnapshotIdentifier: 'COPY-10' })).toEqual(['copy-10'])
  expect(await names({ DBInstanceIdentifier: 'Finance-Hub' })).toHaveLength(25)
  expect(await names({ DBInstanceIdentifier: 'another' })).toEqual([])
  expect(await names({ DbiResourceId })).toHaveLength(25)
  expect(await names({ DbiResourceId: 'db-AAAAAAAAAAAAAAAAAAAAAAAAAA' })).toEqual([])
  expect(await names({ SnapshotType: 'manual' })).toHaveLength(25)
  expect(await names({ SnapshotType: 'automated' })).toEqual([])
  expect(await names({ SnapshotType: 'shared' })).toEqual([])
  const filters = (Name: string, ...Values: string[]) => names({ Filters: [{ Name, Values }] })
  expect(await filters('db-snapshot-id', 'copy-11', 'copy-12', 'none')).toEqual(['copy-11', 'copy-12'])
  expect(await filters('db-instance-id', 'arn:aws:rds:eu-central-1:123456789012:db:finance-hub')).toHaveLength(25)
  expect(await filters('dbi-resource-id', DbiResourceId!)).toHaveLength(25)
  expect(await filters('engine', 'mysql')).toEqual([])
  await expect(filters('colour', 'blue')).rejects.toMatchObject({ message: 'Unrecognized filter name: colour' })
  await expect(names({ SnapshotType: 'odd' })).rejects.toMatchObject({ name: 'InvalidParameterValue' })
})

test('instances are found by name, ARN and resource id; another region has none', async () => {
  const find = (DBInstanceIdentifier: string) =>
    rds.client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))
  const { DBInstances } = await find('arn:aws:rds:eu-central-1:123456789012:db:finance-hub')
  expect(DBInstances).toHaveLength(1)
  const Filters = [{ Name: 'dbi-resource-id', Values: [DBInstances![0]!.DbiResourceId!] }]
  expect((await rds.client.send(new DescribeDBInstancesCommand({ Filters }))).DBInstances).toHaveLength(1)
  await expect(find('nothing')).rejects.toMatchObject({
    name: 'DBInstanceNotFoundFault',
    message: 'DBInstance nothing not found.',
  })
  expect((await rds.clientIn('eu-west-1').send(new DescribeDBInstancesCommand({}))).DBInstances).toEqual([])
})
