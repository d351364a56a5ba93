import {
  AddTagsToResourceCommand,
  CopyDBSnapshotCommand,
  CreateDBSnapshotCommand,
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { testCredentials } from '../server/server.ts'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

let rds: StartedRds
const prefix = 'arn:aws:rds:eu-central-1:123456789012'
const DBInstanceIdentifier = financeHub.identifier

beforeAll(async () => {
  rds = await startRds({ databases: [{ ...financeHub, tags: { stage: 'production' } }] })
  for (const [DBSnapshotIdentifier, Value] of [
    ['ours', 'deploy-kit'],
    ['theirs', 'backup'],
  ] as const) {
    const Tags = [{ Key: 'made-by', Value }]
    await rds.client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier, Tags }))
    await rds.service.settled()
  }
})
afterAll(() => rds[Symbol.asyncDispose]())
beforeEach(() => rds.server.policies.remove(testCredentials.accessKeyId))

interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: object
}

function allow(...statements: readonly Statement[]): void {
  const Statement = statements.map((statement) => ({ Effect: 'Allow', ...statement }))
  rds.server.policies.put(testCredentials.accessKeyId, { Version: '2012-10-17', Statement })
}

function denied(action: string, resource: string) {
  return {
    name: expect.stringMatching(/^AccessDenied/),
    message: expect.stringContaining(`is not authorized to perform: ${action} on resource: ${resource}`),
    $metadata: expect.objectContaining({ httpStatusCode: 403 }),
  }
}

const create = (DBSnapshotIdentifier: string, Tags = [{ Key: 'made-by', Value: 'deploy-kit' }]) =>
  rds.client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier, Tags }))

test('a snapshot needs the action on the database and on the snapshot, and with tags AddTagsToResource as well', async () => {
  // CreateDBSnapshot: db*, snapshot*, dependent action rds:AddTagsToResource:
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
  const onDatabase = { Action: 'rds:CreateDBSnapshot', Resource: `${prefix}:db:finance-hub` }
  const onSnapshot = { Action: 'rds:CreateDBSnapshot', Resource: `${prefix}:snapshot:deploy-kit-*` }
  const tagging = { Action: 'rds:AddTagsToResource', Resource: `${prefix}:snapshot:deploy-kit-*` }
  allow(onSnapshot, tagging)
  await expect(create('deploy-kit-1')).rejects.toMatchObject(denied('rds:CreateDBSnapshot', `${prefix}:db:finance-hub`))
  allow(onDatabase, tagging)
  await expect(create('deploy-kit-1')).rejects.toMatchObject(
    denied('rds:CreateDBSnapshot', `${prefix}:snapshot:deploy-kit-1`),
  )
  allow(onDatabase, onSnapshot)
  await expect(create('deploy-kit-1')).rejects.toMatchObject(
    denied('rds:AddTagsToResource', `${prefix}:snapshot:deploy-kit-1`),
  )
  allow(onDatabase, onSnapshot, tagging)
  await expect(create('other-1')).rejects.toMatchObject(denied('rds:CreateDBSnapshot', `${prefix}:snapshot:other-1`))
  await create('deploy-kit-1')
  await rds.service.settled()
  allow(onDatabase, onSnapshot)
  await create('deploy-kit-2', [])
  await rds.service.settled()
})

test('what is denied has no effect and does not tell what exists', async () => {
  allow({ Action: 'rds:DescribeDBInstances', Resource: '*' })
  await expect(create('never')).rejects.toMatchObject(denied('rds:CreateDBSnapshot', `${prefix}:db:finance-hub`))
  await expect(create('ours')).rejects.toMatchObject(denied('rds:CreateDBSnapshot', `${prefix}:db:finance-hub`))
  rds.server.policies.remove(testCredentials.accessKeyId)
  const never = new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'never' })
  await expect(rds.client.send(never)).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })
})

test('tags of the database, of the snapshot and of the request can be conditions', async () => {
  const any = { Action: ['rds:CreateDBSnapshot', 'rds:AddTagsToResource'], Resource: '*' }
  allow({ ...any, Condition: { StringEquals: { 'rds:db-tag/stage': 'staging' } } })
  await expect(create('conditional')).rejects.toMatchObject(denied('rds:CreateDBSnapshot', `${prefix}:db:finance-hub`))

  const required = { StringEquals: { 'aws:RequestTag/made-by': 'deploy-kit' } }
  allow({ ...any, Condition: required })
  await expect(create('conditional', [{ Key: 'made-by', Value: 'me' }])).rejects.toMatchObject(
    denied('rds:CreateDBSnapshot', `${prefix}:db:finance-hub`),
  )
  await create('conditional')
  await rds.service.settled()

  for (const key of ['rds:snapshot-tag/made-by', 'aws:ResourceTag/made-by']) {
    const Condition = { StringEquals: { [key]: 'deploy-kit' } }
    allow({ Action: ['rds:DeleteDBSnapshot', 'rds:AddTagsToResource'], Resource: '*', Condition })
    const remove = (DBSnapshotIdentifier: string) =>
      rds.client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier }))
    await expect(remove('theirs')).rejects.toMatchObject(denied('rds:DeleteDBSnapshot', `${prefix}:snapshot:theirs`))
    const retag = { ResourceName: `${prefix}:snapshot:theirs`, Tags: [{ Key: 'made-by', Value: 'deploy-kit' }] }
    await expect(rds.client.send(new AddTagsToResourceCommand(retag))).rejects.toMatchObject(
      denied('rds:AddTagsToResource', `${prefix}:snapshot:theirs`),
    )
    await remove(key.startsWith('rds') ? 'conditional' : 'ours')
  }
})

test('lists are permitted by what they are asked for', async () => {
  allow(
    { Action: 'rds:DescribeDBInstances', Resource: `${prefix}:db:finance-hub` },
    { Action: 'rds:DescribeDBSnapshots', Resource: `${prefix}:snapshot:theirs` },
    { Action: 'rds:DescribeDBSnapshots', Resource: `${prefix}:db:finance-hub` },
  )
  await rds.client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))
  const all = new DescribeDBInstancesCommand({})
  await expect(rds.client.send(all)).rejects.toMatchObject(denied('rds:DescribeDBInstances', `${prefix}:db:*`))
  await rds.client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'theirs' }))
  await rds.client.send(new DescribeDBSnapshotsCommand({ DBInstanceIdentifier }))
  const everything = new DescribeDBSnapshotsCommand({})
  await expect(rds.client.send(everything)).rejects.toMatchObject(
    denied('rds:DescribeDBSnapshots', `${prefix}:snapshot:*`),
  )
})

test('a copy is permitted on its original and on itself', async () => {
  const names = { SourceDBSnapshotIdentifier: 'theirs', TargetDBSnapshotIdentifier: 'copy' }
  const copy = new CopyDBSnapshotCommand(names)
  const Action = 'rds:CopyDBSnapshot'
  allow({ Action, Resource: `${prefix}:snapshot:copy` })
  await expect(rds.client.send(copy)).rejects.toMatchObject(denied(Action, `${prefix}:snapshot:theirs`))
  allow({ Action, Resource: `${prefix}:snapshot:theirs` })
  await expect(rds.client.send(copy)).rejects.toMatchObject(denied(Action, `${prefix}:snapshot:copy`))
  allow({ Action, Resource: [`${prefix}:snapshot:theirs`, `${prefix}:snapshot:copy`] })
  await rds.client.send(copy)
})
