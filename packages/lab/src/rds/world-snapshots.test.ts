import {
  DeleteDBSnapshotCommand,
  DescribeDBSnapshotAttributesCommand,
  DescribeDBSnapshotsCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WorldInput } from '../world.ts'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

type Snapshots = NonNullable<NonNullable<WorldInput['databases']>[number]['snapshots']>

let rds: StartedRds

beforeAll(async () => {
  const snapshots: Snapshots = [
    { identifier: 'nightly-1', ageDays: 8.5, tags: { by: 'backup' }, sharedWith: ['111122223333'] },
    { identifier: 'rds:finance-hub-2026-01-01', type: 'automated', ageDays: 1 },
    { identifier: 'broken', status: 'failed' },
    { identifier: 'of-another', ageDays: 100, resourceId: 'db-AAAAAAAAAAAAAAAAAAAAAAAAAA' },
  ]
  rds = await startRds({ databases: [{ ...financeHub, snapshots }] })
})
afterAll(() => rds[Symbol.asyncDispose]())

test('a database can have snapshots of the past when the lab starts', async () => {
  const { DBSnapshots } = await rds.client.send(new DescribeDBSnapshotsCommand({}))
  const seen = DBSnapshots!.map((snapshot) => [snapshot.DBSnapshotIdentifier, snapshot.SnapshotType, snapshot.Status])
  expect(seen).toEqual([
    ['broken', 'manual', 'failed'],
    ['nightly-1', 'manual', 'available'],
    ['of-another', 'manual', 'available'],
    ['rds:finance-hub-2026-01-01', 'automated', 'available'],
  ])
  const nightly = DBSnapshots![1]!
  expect(nightly.TagList).toEqual([{ Key: 'by', Value: 'backup' }])
  expect((Date.now() - nightly.SnapshotCreateTime!.getTime()) / 86_400_000).toBeCloseTo(8.5, 2)
  expect(DBSnapshots![2]!.DbiResourceId).toBe('db-AAAAAAAAAAAAAAAAAAAAAAAAAA')
  const shared = new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: 'nightly-1' })
  const { DBSnapshotAttributesResult: attributes } = await rds.client.send(shared)
  expect(attributes!.DBSnapshotAttributes![0]!.AttributeValues).toEqual(['111122223333'])
})

test('automated snapshots cannot be deleted, failed ones can', async () => {
  const remove = (DBSnapshotIdentifier: string) =>
    rds.client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier }))
  // As quoted in https://github.com/rebuy-de/aws-nuke/issues/511
  await expect(remove('rds:finance-hub-2026-01-01')).rejects.toMatchObject({
    name: 'InvalidDBSnapshotStateFault',
    message: 'Only manual snapshots may be deleted.',
  })
  // "snapshots that are not `available` or `failed`" cannot: https://github.com/radius-project/samples/pull/1863
  await remove('broken')
})

test('they hold what the database held then', async () => {
  const names = { DBInstanceIdentifier: 'restored', DBSnapshotIdentifier: 'nightly-1' }
  await rds.client.send(new RestoreDBInstanceFromDBSnapshotCommand(names))
  await rds.client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'nightly-1' }))
  await rds.service.settled()
  const again = { DBInstanceIdentifier: 'restored-2', DBSnapshotIdentifier: 'of-another' }
  await rds.client.send(new RestoreDBInstanceFromDBSnapshotCommand(again))
  await rds.service.settled()
  const changes = rds.server.journal.entries().filter((entry) => entry.kind === 'change' && entry.to === 'failed')
  expect(changes.map((entry) => entry.kind === 'change' && entry.resource.split(':').at(-1))).toEqual(['broken'])
})
