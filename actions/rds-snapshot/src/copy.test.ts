import { CopyDBSnapshotCommand, DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { database, KEY_HERE, OWN_TAG, type SnapshotLab, startSnapshotLab } from './testing/snapshot-lab.ts'

let lab: SnapshotLab
const there = new RDSClient({ region: 'eu-west-1' })

beforeAll(async () => {
  lab = await startSnapshotLab({
    rdsQuotas: { crossRegionCopies: 1 },
    databases: [
      database('ledger', {
        snapshotSeconds: 100,
        snapshots: ['one', 'two', 'three'].map((identifier) => ({ identifier, tags: OWN_TAG, ageDays: 1 })),
      }),
      database('secret', { snapshotSeconds: 10, kmsKeyId: KEY_HERE }),
      database('member', { cluster: 'aurora', engine: 'aurora-postgresql', snapshotSeconds: 10 }),
    ],
  })
})
afterAll(async () => {
  there.destroy()
  await lab[Symbol.asyncDispose]()
})
afterEach(() => lab.lab.faults.clear())

function copy(identifier: string, more: Record<string, string> = {}) {
  const inputs = {
    'db-instance-identifier': 'ledger',
    'copy-to-region': 'eu-west-1',
    'snapshot-identifier': identifier,
  }
  return lab.take({ ...inputs, ...more })
}

async function statusThere(identifier: string): Promise<string | undefined> {
  const { DBSnapshots = [] } = await there.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: identifier }))
  return DBSnapshots[0]?.Status
}

test('more copies than AWS makes at once wait for a slot, and each is made once', async () => {
  const runs = await Promise.all(['one', 'two', 'three'].map((identifier) => copy(identifier)))
  for (const run of runs) expect(run).toMatchObject({ exitCode: 0, annotations: [] })
  const waited = runs.filter(({ log }) => log.some((line) => line.startsWith('waiting for a free slot: AWS already')))
  expect(waited.length).toBe(2)
  expect(await Promise.all(['one', 'two', 'three'].map(statusThere))).toEqual(['available', 'available', 'available'])
})

test('run again, the copy that is there is adopted', async () => {
  lab.operations()
  const run = await copy('one')
  expect(run.outputs['copied-snapshot-arn']).toBe('arn:aws:rds:eu-west-1:123456789012:snapshot:one')
  expect(run.log.at(-1)).toMatch(/\(adopted\), its copy in eu-west-1 is available\.$/)
  expect(lab.operations()).not.toContain('CopyDBSnapshot')
})

test('without wait, the snapshot is waited for and the copy is not', async () => {
  const run = await copy('fresh', { wait: 'false' })
  expect(run).toMatchObject({ exitCode: 0, outputs: { status: 'available', created: 'true' } })
  expect(run.log.at(-1)).toMatch(/is available after .*, its copy in eu-west-1 is creating\.$/)
})

test.each([
  ['foreign', false, 'does not carry the tag of deploy-kit'],
  ['of-another', true, 'is not a copy of this one (arn:aws:rds:eu-west-1:123456789012:snapshot:one)'],
])('a name that is taken there (%s) leaves the original, in a dry run as well', async (identifier, CopyTags, why) => {
  const names = { SourceDBSnapshotIdentifier: 'one', TargetDBSnapshotIdentifier: identifier }
  await there.send(new CopyDBSnapshotCommand({ ...names, CopyTags }))
  const problem = `A snapshot ${identifier} exists in eu-west-1 already and ${why}.`
  const plan = await copy(identifier, { 'dry-run': 'true' })
  expect(plan).toMatchObject({ exitCode: 1, annotations: [{ message: expect.stringContaining(problem) }] })
  const run = await copy(identifier)
  expect(run).toMatchObject({ exitCode: 1, outputs: { status: 'available', created: 'true' } })
  expect(run.annotations[0]?.message).toBe(
    `${problem} Snapshot ${identifier} is available and was kept.\nDelete that snapshot if nobody needs it, or choose another snapshot-identifier.`,
  )
})

test('a key that cannot be used leaves the original, and the message says which and why', async () => {
  const missing = 'arn:aws:kms:eu-west-1:123456789012:key/33333333-3333-3333-3333-333333333333'
  const run = await copy('locked', { 'db-instance-identifier': 'secret', 'kms-key-id': missing })
  expect(run).toMatchObject({ exitCode: 1, outputs: { status: 'available', encrypted: 'true' } })
  expect(run.annotations[0]?.message).toMatch(
    /^AWS cannot use the key arn:aws:kms:eu-west-1:.*3 for the copy: .* Snapshot locked is available and was kept\.\nCheck that kms-key-id is an enabled key in copy-to-region/,
  )
  expect(run.summary).toContain('Check that kms-key-id is an enabled key in copy-to-region')
  expect(run.summary).toContain('How to restore from it')
})

test('a cluster is copied as a cluster', async () => {
  const run = await copy('of-aurora', { 'db-instance-identifier': 'member' })
  expect(run.outputs['copied-snapshot-arn']).toBe('arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:of-aurora')
})

test('the region of the database is refused before anything is sent', async () => {
  lab.operations()
  const run = await copy('nowhere', { 'copy-to-region': 'eu-central-1' })
  expect(run.annotations[0]?.message).toBe(
    'aws-region, copy-to-region: eu-central-1 is the region that the database is in; give another one for the copy, or none\nNothing was sent or changed. Correct the `with:` block of this step.',
  )
  expect(lab.operations()).toEqual([])
})
