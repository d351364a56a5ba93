import {
  AddTagsToResourceCommand,
  CreateDBSnapshotCommand,
  DescribeDBSnapshotAttributesCommand,
  DescribeDBSnapshotsCommand,
  ListTagsForResourceCommand,
  ModifyDBSnapshotAttributeCommand,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

let rds: StartedRds
const ResourceName = 'arn:aws:rds:eu-central-1:123456789012:snapshot:tagged'

beforeAll(async () => {
  rds = await startRds({ databases: [{ ...financeHub, kmsKeyId: 'alias/aws/rds' }] })
  const DBInstanceIdentifier = financeHub.identifier
  await rds.client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'tagged' }))
  await rds.service.settled()
})
afterAll(() => rds[Symbol.asyncDispose]())

async function tags() {
  return (await rds.client.send(new ListTagsForResourceCommand({ ResourceName }))).TagList
}

test('tags are added, replaced and removed by key', async () => {
  const add = (Key: string, Value: string) =>
    rds.client.send(new AddTagsToResourceCommand({ ResourceName, Tags: [{ Key, Value }] }))
  await add('stage', 'test')
  await add('stage', 'production')
  await add('keep', 'yes')
  expect(await tags()).toEqual([
    { Key: 'stage', Value: 'production' },
    { Key: 'keep', Value: 'yes' },
  ])
  await rds.client.send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['stage', 'never-there'] }))
  expect(await tags()).toEqual([{ Key: 'keep', Value: 'yes' }])
  const { DBSnapshots } = await rds.client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'tagged' }))
  expect(DBSnapshots![0]!.TagList).toEqual([{ Key: 'keep', Value: 'yes' }])
})

test.each([
  ['a reserved prefix', { Key: 'aws:created', Value: '' }],
  ['an empty key', { Key: '', Value: 'x' }],
  ['a key that is too long', { Key: 'k'.repeat(129), Value: 'x' }],
  ['a value that is too long', { Key: 'k', Value: 'v'.repeat(257) }],
  ['a character that tags cannot have', { Key: 'k', Value: 'a*b' }],
])('%s is refused', async (_, tag) => {
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
  const command = new AddTagsToResourceCommand({ ResourceName, Tags: [tag] })
  await expect(rds.client.send(command)).rejects.toMatchObject({ name: 'InvalidParameterValue' })
})

test('a resource has at most 50 tags', async () => {
  const Tags = Array.from({ length: 50 }, (_, index) => ({ Key: `key-${index}`, Value: '' }))
  const command = new AddTagsToResourceCommand({ ResourceName, Tags })
  await expect(rds.client.send(command)).rejects.toMatchObject({ message: /at most 50 tags/ })
})

test('what the ARN names is not there', async () => {
  const list = (name: string) => rds.client.send(new ListTagsForResourceCommand({ ResourceName: name }))
  const prefix = 'arn:aws:rds:eu-central-1:123456789012'
  await expect(list(`${prefix}:snapshot:none`)).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })
  await expect(list(`${prefix}:db:none`)).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' })
  await expect(list(`${prefix}:cluster:none`)).rejects.toMatchObject({ name: 'DBClusterNotFoundFault' })
  await expect(list(`${prefix}:cluster-snapshot:none`)).rejects.toMatchObject({
    name: 'DBClusterSnapshotNotFoundFault',
  })
  await expect(list('tagged')).rejects.toMatchObject({ name: 'InvalidParameterValue' })
})

test('a snapshot is shared with accounts, and an encrypted one not with all', async () => {
  const DBSnapshotIdentifier = 'tagged'
  const modify = async (change: { ValuesToAdd?: string[]; ValuesToRemove?: string[] }) => {
    const input = { DBSnapshotIdentifier, AttributeName: 'restore', ...change }
    await rds.client.send(new ModifyDBSnapshotAttributeCommand(input))
    const describe = new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier })
    const { DBSnapshotAttributesResult: result } = await rds.client.send(describe)
    expect(result!.DBSnapshotAttributes![0]!.AttributeName).toBe('restore')
    return result!.DBSnapshotAttributes![0]!.AttributeValues
  }
  expect(await modify({ ValuesToAdd: ['111122223333', '444455556666'] })).toEqual(['111122223333', '444455556666'])
  expect(await modify({ ValuesToRemove: ['111122223333'] })).toEqual(['444455556666'])
  // "You can't use all as a value for that parameter in this case": API reference of ModifyDBSnapshotAttribute
  await expect(modify({ ValuesToAdd: ['all'] })).rejects.toMatchObject({ name: 'InvalidParameterValue' })
  expect(await modify({ ValuesToRemove: ['444455556666'] })).toEqual([])
})
