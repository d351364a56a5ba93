import { CreateDBInstanceCommand, DeleteDBInstanceCommand, DescribeDBInstancesCommand } from '@aws-sdk/client-rds'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { database, OWN_TAG, type SnapshotLab, startSnapshotLab } from './testing/snapshot-lab.ts'

let lab: SnapshotLab

beforeAll(async () => {
  lab = await startSnapshotLab({
    databases: [
      database('ledger', {
        snapshots: [
          { identifier: 'from-yesterday', ageDays: 1, tags: { ...OWN_TAG, 'deploy-kit:run': '7' } },
          { identifier: 'broken', status: 'failed', tags: OWN_TAG },
          { identifier: 'by-hand', tags: { team: 'data' } },
          { identifier: 'of-the-one-before', resourceId: 'db-BEFORE', tags: OWN_TAG },
          { identifier: 'automated', type: 'automated' },
        ],
      }),
      database('short-lived', { snapshotSeconds: 0 }),
    ],
  })
})
afterAll(() => lab[Symbol.asyncDispose]())
afterEach(() => lab.lab.faults.clear())

const inputs = { 'db-instance-identifier': 'ledger' }

test('one of an earlier run is adopted, whatever the case of the letters, and nothing is requested', async () => {
  lab.operations()
  const run = await lab.take({ ...inputs, 'snapshot-identifier': 'From-Yesterday' })
  expect(run).toMatchObject({
    exitCode: 0,
    outputs: { 'snapshot-identifier': 'from-yesterday', created: 'false', status: 'available', pruned: '[]' },
  })
  expect(Date.parse(run.outputs['created-at'] ?? '')).toBeLessThan(Date.now() - 80_000_000)
  expect(lab.operations()).toEqual(['DescribeDBInstances', 'DescribeDBSnapshots'])
  expect(run.log.at(-1)).toMatch(/^Snapshot from-yesterday is available after .* \(adopted\)\.$/)
})

test.each([
  ['by-hand', 'does not carry the tag of deploy-kit, so it is somebody else’s'],
  ['broken', 'is failed, so nothing can be restored from it'],
  ['of-the-one-before', /is of another database \(resource id db-BEFORE; ledger now has db-[A-Z0-9]+\)/],
])('%s is not adopted, and the message says why', async (identifier, why) => {
  const run = await lab.take({ ...inputs, 'snapshot-identifier': identifier })
  expect(run.exitCode).toBe(1)
  const message = run.annotations[0]?.message ?? ''
  expect(message).toContain(`Snapshot ${identifier} exists already and `)
  expect(message).toMatch(why)
  expect(message).toContain('It was left as it is.\nChoose another snapshot-identifier')
  expect(run.outputs).toMatchObject({ 'snapshot-identifier': identifier })
  expect(run.outputs.status).toBeUndefined()
})

test('a database that was made again under its old name does not inherit the snapshot of the name', async () => {
  const short = { 'db-instance-identifier': 'short-lived', 'snapshot-identifier': 'before-the-end' }
  expect((await lab.take(short)).exitCode).toBe(0)
  const DBInstanceIdentifier = 'short-lived'
  await lab.rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }))
  const describe = () => lab.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))
  await vi.waitFor(() => expect(describe()).rejects.toThrow('not found'), { timeout: 20_000 })
  const settings = { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', AllocatedStorage: 20 }
  const master = { MasterUsername: 'ledger', MasterUserPassword: 'ledger-secret' }
  await lab.rds.send(new CreateDBInstanceCommand({ DBInstanceIdentifier, ...settings, ...master }))

  // It is `creating` now, which is waited for.
  const fresh = await lab.take({ ...short, 'snapshot-identifier': 'after-the-beginning' })
  expect(fresh).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
  expect(fresh.log[0]).toMatch(/^instance short-lived is creating \(/)

  const again = await lab.take(short)
  expect(again.annotations[0]?.message).toContain('Snapshot before-the-end exists already and is of another database')
})

test('two steps with one identifier make one snapshot, and only the one whose request began it created it', async () => {
  const runs = await Promise.all(
    ['8', '9'].map((runId) => lab.take({ ...inputs, 'snapshot-identifier': 'shared-name' }, { runId })),
  )
  expect(runs.map((run) => [run.exitCode, run.outputs.created]).sort()).toEqual([
    [0, 'false'],
    [0, 'true'],
  ])
})

test('a database that is backing-up for somebody else is waited for, and then snapshotted', async () => {
  const first = await lab.take({ ...inputs, 'snapshot-identifier': 'first', wait: 'false' })
  expect(first).toMatchObject({ exitCode: 0, outputs: { status: 'creating', 'created-at': '', created: 'true' } })
  expect(first.log.at(-1)).toBe('Snapshot first is requested, not waited for (creating).')
  const second = await lab.take({ ...inputs, 'snapshot-identifier': 'second' })
  expect(second).toMatchObject({ exitCode: 0, outputs: { status: 'available' } })
  expect(second.log[0]).toMatch(/^instance ledger is backing-up \(/)
})

test('with no patience at all, a database that is available is snapshotted, and one that is not fails', async () => {
  const impatient = { ...inputs, 'wait-for-available': '0s', wait: 'false' }
  expect((await lab.take({ ...impatient, 'snapshot-identifier': 'at-once' })).exitCode).toBe(0)
  const run = await lab.take({ ...impatient, 'snapshot-identifier': 'too-early' })
  expect(run.annotations[0]?.message).toBe(
    'Instance ledger was still backing-up when wait-for-available (0ms) was over; a snapshot needs it available. No snapshot was taken.\nSee what it is doing (aws rds describe-events), or raise wait-for-available.',
  )
})
