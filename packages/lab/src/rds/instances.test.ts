import {
  CreateDBInstanceCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBInstanceCommand,
  RebootDBInstanceCommand,
  StartDBInstanceCommand,
  StopDBInstanceCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

let rds: StartedRds
const DBInstanceIdentifier = financeHub.identifier

beforeAll(async () => {
  rds = await startRds()
})
afterAll(() => rds[Symbol.asyncDispose]())

async function describe(identifier: string = DBInstanceIdentifier) {
  const { DBInstances } = await rds.client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }))
  return DBInstances![0]!
}

test('the instance of the world is available and its server takes the master user, with the password only', async () => {
  expect(await describe('Finance-Hub')).toMatchObject({
    DBInstanceIdentifier,
    DBInstanceStatus: 'available',
    DBInstanceArn: 'arn:aws:rds:eu-central-1:123456789012:db:finance-hub',
    Endpoint: { Address: '127.0.0.1', Port: rds.service.endpoint(DBInstanceIdentifier).port },
    Engine: 'postgres',
  })
  await using session = await rds.connect()
  expect((await session.query('SELECT current_user')).rows).toEqual([{ current_user: 'finance_hub' }])
  const { url } = rds.service.endpoint(DBInstanceIdentifier)
  expect(url).toMatch(/^postgres:\/\/finance_hub:correct-horse@127\.0\.0\.1:\d+\/finance_hub$/)
  const { Client } = await import('pg')
  const stranger = new Client(url.replace('correct-horse', 'wrong'))
  await expect(stranger.connect()).rejects.toThrow('password authentication failed')
})

test('a stopped instance takes no connections, keeps its data, and answers at the same port when it is started', async () => {
  const { port } = rds.service.endpoint(DBInstanceIdentifier)
  await using before = await rds.connect()
  await before.query('CREATE TABLE kept AS SELECT 42 AS answer')

  const stopping = await rds.client.send(new StopDBInstanceCommand({ DBInstanceIdentifier }))
  expect(stopping.DBInstance).toMatchObject({ DBInstanceStatus: 'stopping' })
  await rds.service.settled()
  expect(await describe()).toMatchObject({ DBInstanceStatus: 'stopped', Endpoint: { Port: port } })
  await expect(rds.connect(port)).rejects.toThrow('ECONNREFUSED')
  const stop = new StopDBInstanceCommand({ DBInstanceIdentifier })
  await expect(rds.client.send(stop)).rejects.toMatchObject({
    name: 'InvalidDBInstanceStateFault',
    message: 'Instance finance-hub is not in available state.',
  })

  await rds.client.send(new StartDBInstanceCommand({ DBInstanceIdentifier }))
  expect(await describe()).toMatchObject({ DBInstanceStatus: 'starting' })
  await rds.service.settled()
  await using after = await rds.connect(port)
  expect((await after.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }])
})

test('a reboot is a momentary outage', async () => {
  const backend = 'SELECT pg_postmaster_start_time()::text AS started'
  await using before = await rds.connect()
  const first = (await before.query(backend)).rows
  await rds.client.send(new RebootDBInstanceCommand({ DBInstanceIdentifier }))
  expect(await describe()).toMatchObject({ DBInstanceStatus: 'rebooting' })
  await rds.service.settled()
  await using after = await rds.connect()
  expect((await after.query(backend)).rows).not.toEqual(first)
})

test('an instance that is deleted and made again under its name has another resource id', async () => {
  const make = new CreateDBInstanceCommand({
    DBInstanceIdentifier: 'ledger',
    DBInstanceClass: 'db.t4g.micro',
    Engine: 'postgres',
    AllocatedStorage: 20,
    DBName: 'finance_hub',
    MasterUsername: 'finance_hub',
    MasterUserPassword: 'correct-horse',
  })
  const made = await rds.client.send(make)
  // "The endpoint might not be shown for instances with the status of creating": API reference of DBInstance
  expect(made.DBInstance).toMatchObject({ DBInstanceStatus: 'creating' })
  expect(made.DBInstance!.Endpoint).toBeUndefined()
  await expect(rds.client.send(make)).rejects.toMatchObject({ name: 'DBInstanceAlreadyExistsFault' })
  await rds.service.settled()
  const first = await describe('ledger')
  await using session = await rds.connect(first.Endpoint!.Port)
  await session.query('CREATE TABLE old (id int)')

  const bare = new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'ledger' })
  await expect(rds.client.send(bare)).rejects.toMatchObject({ name: 'InvalidParameterCombination' })
  const remove = { DBInstanceIdentifier: 'ledger', FinalDBSnapshotIdentifier: 'ledger-final' }
  await rds.client.send(new DeleteDBInstanceCommand(remove))
  expect(await describe('ledger')).toMatchObject({ DBInstanceStatus: 'deleting' })
  await rds.service.settled()
  await expect(describe('ledger')).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' })

  await rds.client.send(make)
  await rds.service.settled()
  const second = await describe('ledger')
  expect(second.DbiResourceId).not.toBe(first.DbiResourceId)
  await using fresh = await rds.connect(second.Endpoint!.Port)
  await expect(fresh.query('SELECT * FROM old')).rejects.toThrow('does not exist')

  // The last snapshot is the first one's, whoever has the name now.
  const ofFirst = new DescribeDBSnapshotsCommand({ DbiResourceId: first.DbiResourceId })
  expect((await rds.client.send(ofFirst)).DBSnapshots).toMatchObject([
    { DBSnapshotIdentifier: 'ledger-final', Status: 'available', DBInstanceIdentifier: 'ledger' },
  ])
  const ofSecond = new DescribeDBSnapshotsCommand({ DbiResourceId: second.DbiResourceId })
  expect((await rds.client.send(ofSecond)).DBSnapshots).toEqual([])
})

test('changes: the password, the protection from deletion, the name', async () => {
  const modify = async (change: object) => {
    await rds.client.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'ledger', ...change }))
    await rds.service.settled()
  }
  await modify({ DeletionProtection: true })
  const remove = new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'ledger', SkipFinalSnapshot: true })
  await expect(rds.client.send(remove)).rejects.toMatchObject({
    name: 'InvalidParameterCombination',
    message: 'Cannot delete protected DB Instance, please disable deletion protection and try again.',
  })
  await modify({ MasterUserPassword: 'battery-staple' })
  await expect(rds.connect((await describe('ledger')).Endpoint!.Port)).rejects.toThrow('password authentication failed')

  const { DbiResourceId } = await describe('ledger')
  const rename = { NewDBInstanceIdentifier: 'ledger-old' }
  await expect(modify(rename)).rejects.toMatchObject({ message: /set ApplyImmediately/ })
  await modify({ ...rename, ApplyImmediately: true })
  expect(await describe('ledger-old')).toMatchObject({ DbiResourceId, DBInstanceStatus: 'available' })
  await expect(describe('ledger')).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' })
})
