import {
  CreateDBSnapshotCommand,
  type DBSnapshot,
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBInstanceCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChangeEntry } from '../journal.ts'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

let rds: StartedRds

beforeAll(async () => {
  rds = await startRds({
    databases: [
      { ...financeHub, tags: { team: 'ledger' }, copyTagsToSnapshot: true },
      { ...financeHub, identifier: 'full', status: 'storage-full' },
    ],
    rdsQuotas: { manualSnapshots: 6 },
  })
})
afterAll(() => rds[Symbol.asyncDispose]())

const DBInstanceIdentifier = financeHub.identifier

async function create(DBSnapshotIdentifier: string, Tags = [{ Key: 'by', Value: 'test' }]): Promise<DBSnapshot> {
  const { DBSnapshot } = await rds.client.send(
    new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier, Tags }),
  )
  return DBSnapshot!
}

async function describe(DBSnapshotIdentifier: string): Promise<DBSnapshot> {
  const { DBSnapshots } = await rds.client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }))
  return DBSnapshots![0]!
}

async function instanceStatus(): Promise<string | undefined> {
  const { DBInstances } = await rds.client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))
  return DBInstances![0]!.DBInstanceStatus
}

test('a snapshot is creating with growing progress, then available; meanwhile its database is backing-up', async () => {
  const created = await create('Before-Deploy')
  // "This parameter is stored as a lowercase string": API reference of CreateDBClusterSnapshot; seen for instances too.
  expect(created).toMatchObject({
    DBSnapshotIdentifier: 'before-deploy',
    DBInstanceIdentifier,
    DBSnapshotArn: 'arn:aws:rds:eu-central-1:123456789012:snapshot:before-deploy',
    Engine: 'postgres',
    EngineVersion: '18.4',
    SnapshotType: 'manual',
    Status: 'creating',
    PercentProgress: 0,
    AllocatedStorage: 20,
    Encrypted: false,
    MasterUsername: 'finance_hub',
    DbiResourceId: expect.stringMatching(/^db-[A-Z2-7]{26}$/),
    TagList: [{ Key: 'by', Value: 'test' }],
  })
  // "If the snapshot status is not available it will not be present": https://github.com/boto/boto3/issues/952
  expect(created.SnapshotCreateTime).toBeUndefined()
  expect(await instanceStatus()).toBe('backing-up')

  const progress: number[] = []
  await expect
    .poll(
      async () => {
        const { PercentProgress, Status } = await describe('before-deploy')
        progress.push(PercentProgress!)
        return Status
      },
      { interval: 5, timeout: 20_000 },
    )
    .toBe('available')
  expect(progress.toSorted((a, b) => a - b)).toEqual(progress)
  expect(progress.at(-1)).toBe(100)
  expect(new Set(progress).size).toBeGreaterThan(2)
  expect((await describe('before-deploy')).SnapshotCreateTime!.getTime()).toBeGreaterThan(Date.now() - 60_000)

  const changes = rds.server.journal
    .entries()
    .filter((entry): entry is ChangeEntry => entry.kind === 'change')
    .map(({ resource, from, to }) => `${resource.split(':').slice(5).join(':')}: ${from} to ${to}`)
  expect(changes.slice(-4)).toEqual([
    'snapshot:before-deploy:  to creating',
    'db:finance-hub: available to backing-up',
    'db:finance-hub: backing-up to available',
    'snapshot:before-deploy: creating to available',
  ])
})

test('a name that is taken is refused, also while the database is backing-up', async () => {
  await create('taken')
  const refused = { name: 'DBSnapshotAlreadyExistsFault', Code: 'DBSnapshotAlreadyExists' }
  await expect(create('TAKEN')).rejects.toMatchObject({
    name: refused.name,
    message: /identifier taken already exists/,
  })
  await rds.service.settled()
  await expect(create('taken')).rejects.toMatchObject(refused)
})

test.each(['1st', 'ends-', 'two--hyphens', 'under_score', 'a'.repeat(256)])(
  'the name %s breaks the rules for identifiers',
  async (name) => {
    // "must contain from 1 to 255 letters, numbers, or hyphens; first character must be a letter; can't end with a
    // hyphen or contain two consecutive hyphens": API reference of CreateDBSnapshot
    await expect(create(name)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: /is not a valid identifier/,
    })
  },
)

test('a database that is not available cannot be snapshotted', async () => {
  // "The source DB instance must be in the available or storage-optimization state": API reference of CreateDBSnapshot
  await create('first')
  await expect(create('second')).rejects.toMatchObject({
    name: 'InvalidDBInstanceStateFault',
    message:
      'Cannot create a snapshot because the database instance finance-hub is not currently in the available state.',
  })
  await rds.service.settled()
  const full = new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'full', DBSnapshotIdentifier: 'of-full' })
  await expect(rds.client.send(full)).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' })
})

test('a database that does not exist is said by name', async () => {
  const nothing = new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'nothing', DBSnapshotIdentifier: 'of-nothing' })
  await expect(rds.client.send(nothing)).rejects.toMatchObject({
    name: 'DBInstanceNotFoundFault',
    message: 'DBInstance nothing not found.',
    $metadata: { httpStatusCode: 404 },
  })
})

test('tags of the database are copied to its snapshots only when the request has none', async () => {
  // "If you supply at least one tag … then RDS doesn't copy tags from the source DB instance":
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
  expect((await create('untagged', [])).TagList).toEqual([{ Key: 'team', Value: 'ledger' }])
  await rds.service.settled()
  await rds.client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'untagged' }))
})

test('a snapshot can be deleted once it is available', async () => {
  // "Constraints: Must be the name of an existing DB snapshot in the available state": API reference of DeleteDBSnapshot
  await create('short-lived')
  const remove = new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'Short-Lived' })
  await expect(rds.client.send(remove)).rejects.toMatchObject({ name: 'InvalidDBSnapshotStateFault' })
  await rds.service.settled()
  const { DBSnapshot } = await rds.client.send(remove)
  expect(DBSnapshot).toMatchObject({ DBSnapshotIdentifier: 'short-lived', Status: 'deleted' })
  await expect(describe('short-lived')).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })
  await expect(rds.client.send(remove)).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })
})

test('the quota of manual snapshots holds', async () => {
  const { DBSnapshots } = await rds.client.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' }))
  for (let count = DBSnapshots!.length; count < 6; count += 1) {
    await create(`fills-${count}`)
    await rds.service.settled()
  }
  // "Cannot create more than 100 manual snapshots" is the wording at the default quota.
  await expect(create('one-too-many')).rejects.toMatchObject({
    name: 'SnapshotQuotaExceededFault',
    message: 'Cannot create more than 6 manual snapshots',
  })
})

test('a member that the lab does not support is refused by name, not ignored', async () => {
  const command = new ModifyDBInstanceCommand({ DBInstanceIdentifier, MultiAZ: true, ApplyImmediately: true })
  await expect(rds.client.send(command)).rejects.toMatchObject({
    name: 'InvalidParameterValue',
    message: /^The lab does not support MultiAZ in ModifyDBInstance. Leave it out;/,
  })
})
