import {
  CopyDBSnapshotCommand,
  type CopyDBSnapshotCommandInput,
  CreateDBSnapshotCommand,
  DeleteDBSnapshotCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

const backupKey = 'arn:aws:kms:eu-west-1:123456789012:key/1f2e3d4c-0000-4000-8000-000000000001'
const homeKey = 'arn:aws:kms:eu-central-1:123456789012:key/1f2e3d4c-0000-4000-8000-000000000002'
let rds: StartedRds
let abroad: RDSClient

beforeAll(async () => {
  rds = await startRds({
    databases: [financeHub, { ...financeHub, identifier: 'encrypted', kmsKeyId: 'alias/home' }],
    kmsKeys: [
      { arn: backupKey, alias: 'alias/backup' },
      { arn: homeKey, alias: 'alias/home' },
    ],
    rdsQuotas: { crossRegionCopies: 2 },
  })
  abroad = rds.clientIn('eu-west-1')
  for (const DBInstanceIdentifier of ['finance-hub', 'encrypted']) {
    const Tags = [{ Key: 'by', Value: 'test' }]
    const DBSnapshotIdentifier = `${DBInstanceIdentifier}-1`
    await rds.client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier, Tags }))
  }
  await rds.service.settled()
})
afterAll(() => rds[Symbol.asyncDispose]())

const arn = (name: string) => `arn:aws:rds:eu-central-1:123456789012:snapshot:${name}`

async function copy(client: RDSClient, source: string, target: string, more: Partial<CopyDBSnapshotCommandInput> = {}) {
  const names = { SourceDBSnapshotIdentifier: source, TargetDBSnapshotIdentifier: target }
  return (await client.send(new CopyDBSnapshotCommand({ ...names, ...more }))).DBSnapshot!
}

async function describe(client: RDSClient, DBSnapshotIdentifier: string) {
  return (await client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }))).DBSnapshots![0]!
}

test('a copy in another region is a snapshot of that region, with its own time and the tags only when asked', async () => {
  const original = await describe(rds.client, 'finance-hub-1')
  const made = await copy(abroad, arn('finance-hub-1'), 'Away', { CopyTags: true })
  expect(made).toMatchObject({ DBSnapshotIdentifier: 'away', Status: 'creating', PercentProgress: 0 })
  await expect
    .poll(async () => (await describe(abroad, 'away')).Status, { interval: 2, timeout: 20_000 })
    .toBe('copying')
  await rds.service.settled()
  const done = await describe(abroad, 'away')
  expect(done).toMatchObject({
    DBSnapshotArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:away',
    SourceRegion: 'eu-central-1',
    SourceDBSnapshotIdentifier: arn('finance-hub-1'),
    DbiResourceId: original.DbiResourceId,
    Status: 'available',
    SnapshotType: 'manual',
    Encrypted: false,
    TagList: [{ Key: 'by', Value: 'test' }],
    // "Doesn't change when the snapshot is copied": API reference of DBSnapshot
    OriginalSnapshotCreateTime: original.SnapshotCreateTime,
  })
  expect(done.SnapshotCreateTime!.getTime()).toBeGreaterThan(original.SnapshotCreateTime!.getTime())
  await expect(describe(rds.client, 'away')).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })

  // "By default, tags aren't copied."
  await copy(rds.client, 'finance-hub-1', 'beside')
  expect((await describe(rds.client, 'beside')).TagList).toEqual([])
  // "Tags are never merged": https://github.com/getmoto/moto/pull/8320
  const Tags = [{ Key: 'copy', Value: 'yes' }]
  expect((await copy(rds.client, 'finance-hub-1', 'tagged', { CopyTags: true, Tags })).TagList).toEqual(Tags)
  await rds.service.settled()
})

test('from another region the source is named by its ARN', async () => {
  // "If the source snapshot is in a different Region than the copy, specify a valid DB snapshot ARN."
  await expect(copy(abroad, 'finance-hub-1', 'by-name')).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })
})

test('an encrypted snapshot needs a key of the other region that exists', async () => {
  // As quoted in https://github.com/1Strategy/rds-oracle-cross-account-cross-region-dr/issues/1
  await expect(copy(abroad, arn('encrypted-1'), 'no-key')).rejects.toMatchObject({
    name: 'InvalidParameterValue',
    message: 'Must specify new KMS key for cross region encrypted snapshot copy.',
  })
  for (const KmsKeyId of ['alias/none', homeKey]) {
    const refused = copy(abroad, arn('encrypted-1'), 'no-key', { KmsKeyId })
    await expect(refused).rejects.toMatchObject({
      name: 'KMSKeyNotAccessibleFault',
      message: `The target KMS key [${KmsKeyId}] does not exist, is not enabled or you do not have permissions to access it.`,
    })
  }
  await expect(describe(abroad, 'no-key')).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })
  const made = await copy(abroad, arn('encrypted-1'), 'with-key', { KmsKeyId: 'alias/backup' })
  expect(made).toMatchObject({ Encrypted: true, KmsKeyId: backupKey })
  // "If you specify this parameter when you copy an unencrypted snapshot, the copy is encrypted."
  expect(await copy(abroad, arn('finance-hub-1'), 'now-encrypted', { KmsKeyId: backupKey })).toMatchObject({
    Encrypted: true,
  })
  await rds.service.settled()
  expect(await describe(rds.client, 'encrypted-1')).toMatchObject({ Status: 'available', KmsKeyId: homeKey })
})

test('only so many copies to a region are made at the same time', async () => {
  await copy(abroad, arn('finance-hub-1'), 'one')
  await copy(abroad, arn('finance-hub-1'), 'two')
  // "Cannot copy more than 5 snapshots across regions": https://github.com/pbudzon/aws-maintenance/issues/19
  await expect(copy(abroad, arn('finance-hub-1'), 'three')).rejects.toMatchObject({
    name: 'SnapshotQuotaExceededFault',
    message: 'Cannot copy more than 2 snapshots across regions',
  })
  await rds.service.settled()
  await copy(abroad, arn('finance-hub-1'), 'three')
  await rds.service.settled()
})

test('names, sources and states are checked', async () => {
  await expect(copy(abroad, arn('finance-hub-1'), 'one')).rejects.toMatchObject({
    name: 'DBSnapshotAlreadyExistsFault',
  })
  await expect(copy(abroad, arn('finance-hub-1'), '-bad')).rejects.toMatchObject({ name: 'InvalidParameterValue' })
  await copy(rds.client, 'finance-hub-1', 'unfinished')
  // "The source DB snapshot must be in the available state": API reference of CopyDBSnapshot
  await expect(copy(rds.client, 'unfinished', 'of-unfinished')).rejects.toMatchObject({
    name: 'InvalidDBSnapshotStateFault',
  })
  await rds.service.settled()
})

test('deleting a snapshot ends the copies that are being made of it, and leaves those that are done', async () => {
  await copy(rds.client, 'finance-hub-1', 'original')
  await rds.service.settled()
  await copy(abroad, arn('original'), 'done-copy')
  await rds.service.settled()
  await copy(abroad, arn('original'), 'failing-copy')
  // "If the snapshot is being copied, the copy operation is terminated": API reference of DeleteDBSnapshot
  await rds.client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'original' }))
  expect(await describe(abroad, 'failing-copy')).toMatchObject({ Status: 'failed' })
  await rds.service.settled()
  expect(await describe(abroad, 'failing-copy')).toMatchObject({ Status: 'failed' })
  expect(await describe(abroad, 'done-copy')).toMatchObject({ Status: 'available' })
})
