import { CopyDBSnapshotCommand, RDSClient } from '@aws-sdk/client-rds'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { database, OWN_TAG, type SnapshotLab, startSnapshotLab } from './testing/snapshot-lab.ts'

let lab: SnapshotLab
const own = (identifier: string, ageDays: number, more = {}) => ({ identifier, ageDays, tags: OWN_TAG, ...more })

beforeAll(async () => {
  lab = await startSnapshotLab({
    rdsQuotas: { manualSnapshots: 17 },
    databases: [
      database('ledger', {
        snapshotSeconds: 10,
        snapshots: [
          own('l-one', 1),
          own('l-ten', 10),
          own('l-shared', 20, { sharedWith: ['210987654321'] }),
          own('l-public', 21, { sharedWith: ['all'] }),
          own('l-broken', 22, { status: 'failed' }),
          own('l-before', 23, { resourceId: 'db-BEFORE' }),
          own('l-automated', 24, { type: 'automated' }),
          { identifier: 'l-foreign', ageDays: 25 },
        ],
      }),
      database('slow', { snapshotSeconds: 5000, snapshots: [own('s-copied', 30), own('s-old', 40), own('s-new', 1)] }),
      database('lost', { snapshotSeconds: 10, snapshots: [own('x-old', 30), own('x-older', 40)] }),
    ],
  })
})
afterAll(() => lab[Symbol.asyncDispose]())
afterEach(() => lab.lab.faults.clear())

const prunedBy = (run: { outputs: Readonly<Record<string, string>> }): unknown => JSON.parse(run.outputs.pruned ?? '')

test('of everything that is there, only our own of this database go, and the log says what was kept', async () => {
  const run = await lab.take({
    'db-instance-identifier': 'ledger',
    'snapshot-identifier': 'l-now',
    'retention-count': '2',
  })
  expect(run.exitCode).toBe(0)
  expect(prunedBy(run)).toEqual(['l-ten'])
  expect(run.log).toContain('Kept l-shared: other accounts may restore it.')
  expect(run.log).toContain('Kept l-public: other accounts may restore it.')
  expect(await lab.namesOf('ledger')).toEqual([
    ...['l-before', 'l-broken', 'l-foreign', 'l-now', 'l-one', 'l-public', 'l-shared'],
  ])
  expect(run.summary).toContain('| Deleted by retention | `l-ten` |')
})

test('one that was adopted and is not the newest stays, and so does the newest', async () => {
  const run = await lab.take({
    'db-instance-identifier': 'ledger',
    'snapshot-identifier': 'l-one',
    'retention-count': '1',
  })
  expect(run.outputs).toMatchObject({ created: 'false', pruned: '[]' })
  expect(await lab.namesOf('ledger')).toEqual(expect.arrayContaining(['l-now', 'l-one']))
})

test('one that is being copied, here or to the region of our own copies, stays', async () => {
  const there = new RDSClient({ region: 'eu-west-1' })
  const SourceDBSnapshotIdentifier = 'arn:aws:rds:eu-central-1:123456789012:snapshot:s-copied'
  await there.send(new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier, TargetDBSnapshotIdentifier: 'slowly' }))
  const plan = {
    'db-instance-identifier': 'slow',
    'snapshot-identifier': 's-new',
    'retention-count': '1',
    'copy-to-region': 'eu-west-1',
    'dry-run': 'true',
  }
  expect((await lab.take(plan)).log).toEqual([
    'dry run: would adopt s-new, which is available',
    'dry run: would copy it to eu-west-1',
    'dry run: would delete s-old by the retention rule',
    'Dry run: nothing was changed.',
  ])
  await lab.rds.send(
    new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: 's-old', TargetDBSnapshotIdentifier: 's-old-copy' }),
  )
  expect((await lab.take(plan)).log).not.toContain('dry run: would delete s-old by the retention rule')
})

test('one whose deletion lost its answer counts as deleted', async () => {
  lab.lab.faults.add({ service: 'rds', operation: 'DeleteDBSnapshot', call: 1, kind: 'resetAfter' })
  const run = await lab.take({
    'db-instance-identifier': 'lost',
    'snapshot-identifier': 'x-now',
    'retention-days': '7',
  })
  expect(run.exitCode).toBe(0)
  expect(prunedBy(run)).toEqual(['x-older', 'x-old'])
})

test('a step that may not delete has its snapshot all the same, and says so', async () => {
  const { LAB_ROLE_ARN: role = '' } = lab.lab.environment
  const all = { Effect: 'Allow', Action: 'rds:*', Resource: '*' }
  const deny = { Effect: 'Deny', Action: 'rds:DeleteDBSnapshot', Resource: '*' }
  lab.lab.policies.put(role, { Version: '2012-10-17', Statement: [all, deny] })
  const inputs = { 'db-instance-identifier': 'lost', 'snapshot-identifier': 'x-later', 'retention-count': '1' }
  const run = await lab.take({ ...inputs, 'role-to-assume': role })
  lab.lab.policies.remove(role)
  expect(run).toMatchObject({ exitCode: 1, outputs: { status: 'available', created: 'true', pruned: '[]' } })
  expect(run.annotations[0]?.message).toMatch(
    /^AWS denied rds:DeleteDBSnapshot on snapshot x-now: the credentials lack rds:DeleteDBSnapshot\. .* Snapshot x-later is available and was kept\.\nAllow rds:DeleteDBSnapshot for arn:aws:rds:eu-central-1:123456789012:snapshot:x-now /,
  )
})

describe('with the quota used up', () => {
  const inputs = { 'db-instance-identifier': 'lost' }
  /** Copies one that is there until there is no room for another. */
  const fill = async (SourceDBSnapshotIdentifier: string): Promise<void> => {
    for (let number = 1; ; number += 1) {
      const TargetDBSnapshotIdentifier = `${SourceDBSnapshotIdentifier}-copy-${number}`
      try {
        await lab.rds.send(new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier, TargetDBSnapshotIdentifier }))
      } catch (error) {
        if ((error as Error).name === 'SnapshotQuotaExceededFault') return
        throw error
      }
    }
  }

  test('and no retention, nothing is deleted and the message says what fills it', async () => {
    await fill('x-now')
    const before = await lab.namesOf('lost')
    const run = await lab.take({ ...inputs, 'snapshot-identifier': 'one-too-many' })
    expect(run.annotations[0]?.message).toMatch(
      /^The quota of manual instance snapshots in this account and region is used up: 17 exist, .*\d of ledger \(made by deploy-kit\).*\. Nothing was deleted\.\nDelete snapshots that nobody needs/,
    )
    expect(await lab.namesOf('lost')).toEqual(before)
  })

  test('and retention, our own make room once, never the newest, and all that went is in the output', async () => {
    expect(await lab.namesOf('lost')).toEqual(expect.arrayContaining(['x-now', 'x-later']))
    const run = await lab.take({ ...inputs, 'snapshot-identifier': 'fits', 'retention-count': '1' })
    expect(run.exitCode).toBe(0)
    // x-now made room for it; x-later had to stay until the new one was available.
    expect(prunedBy(run)).toEqual(['x-now', 'x-later'])
    expect(run.log.filter((line) => line.includes('by the retention rule') || line.startsWith('Requested'))).toEqual([
      'Deleted x-now by the retention rule.',
      'Requested snapshot fits of instance lost.',
      'Deleted x-later by the retention rule.',
    ])
  })

  test('and retention that has nothing to give, the message says that', async () => {
    await fill('fits')
    const run = await lab.take({ ...inputs, 'snapshot-identifier': 'no-more', 'retention-count': '1' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain('The retention rule left nothing to delete.')
    expect(await lab.namesOf('lost')).toContain('fits')
  })
})
