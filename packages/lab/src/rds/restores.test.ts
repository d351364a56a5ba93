import {
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { financeHub, type StartedRds, startRds } from './testing/started-rds.ts'

let rds: StartedRds

beforeAll(async () => {
  rds = await startRds()
})
afterAll(() => rds[Symbol.asyncDispose]())

async function restore(DBInstanceIdentifier: string, DBSnapshotIdentifier: string) {
  const command = new RestoreDBInstanceFromDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier })
  const { DBInstance } = await rds.client.send(command)
  return DBInstance!
}

async function snapshot(DBSnapshotIdentifier: string): Promise<void> {
  const DBInstanceIdentifier = financeHub.identifier
  await rds.client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier }))
}

test('a restored instance has the rows that were there when the snapshot was taken, and not the later ones', async () => {
  await using session = await rds.connect()
  await session.query('CREATE TABLE accounts (id int PRIMARY KEY)')
  await session.query('INSERT INTO accounts SELECT generate_series(1, 500)')
  await snapshot('before')
  await rds.service.settled()
  await session.query('INSERT INTO accounts VALUES (501)')
  await session.query('DELETE FROM accounts WHERE id = 7')

  expect(await restore('restored', 'before')).toMatchObject({ DBInstanceStatus: 'creating', Engine: 'postgres' })
  await rds.service.settled()
  const { DBInstances } = await rds.client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'restored' }))
  const restored = DBInstances![0]!
  // "Creates a new DB instance from a DB snapshot … including the default security group and DB parameter group"
  expect(restored).toMatchObject({
    DBInstanceStatus: 'available',
    DBName: 'finance_hub',
    DBParameterGroups: [{ DBParameterGroupName: 'default.postgres18' }],
    Endpoint: { Address: '127.0.0.1', Port: expect.any(Number) },
  })
  expect(restored.Endpoint!.Port).not.toBe(rds.service.endpoint('finance-hub').port)

  await using second = await rds.connect(restored.Endpoint!.Port)
  const { rows } = await second.query('SELECT count(*)::int AS count, max(id) AS last FROM accounts')
  expect(rows).toEqual([{ count: 500, last: 500 }])
  // It takes writes of its own.
  await second.query('INSERT INTO accounts VALUES (1000)')
})

test('the snapshot may be deleted while a database is made from it', async () => {
  await snapshot('passing')
  await rds.service.settled()
  await restore('from-passing', 'passing')
  await rds.client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'passing' }))
  await rds.service.settled()
  await using session = await rds.connect(await portOf('from-passing'))
  expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

test('a snapshot outlives its database', async () => {
  await snapshot('last')
  await rds.service.settled()
  await rds.client.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'from-passing', SkipFinalSnapshot: true }))
  await rds.service.settled()
  await restore('from-passing', 'last')
  await rds.service.settled()
  expect(await portOf('from-passing')).toBeGreaterThan(0)
})

test('restoring needs a snapshot that is available and a name that is free', async () => {
  await snapshot('unfinished')
  await expect(restore('too-early', 'unfinished')).rejects.toMatchObject({ name: 'InvalidDBSnapshotStateFault' })
  await rds.service.settled()
  await expect(restore('finance-hub', 'unfinished')).rejects.toMatchObject({ name: 'DBInstanceAlreadyExistsFault' })
  await expect(restore('new', 'no-such')).rejects.toMatchObject({ name: 'DBSnapshotNotFoundFault' })
})

async function portOf(DBInstanceIdentifier: string): Promise<number> {
  const { DBInstances } = await rds.client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))
  return DBInstances![0]!.Endpoint!.Port!
}
