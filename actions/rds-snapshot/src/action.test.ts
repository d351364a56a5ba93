import {
  CreateDBSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotsCommand,
  RDSClient,
} from '@aws-sdk/client-rds'
import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { parseWorld } from '@deploy-kit/lab/world'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { action } from './action.ts'

const database = { databaseName: 'ledger', username: 'ledger', password: 'ledger-secret' }
const world = parseWorld(
  {
    region: 'eu-central-1',
    accountId: '123456789012',
    roles: [{ arn: 'arn:aws:iam::123456789012:role/deploy' }],
    databases: [
      { ...database, identifier: 'ledger' },
      { ...database, identifier: 'member-1', engine: 'aurora-postgresql', cluster: 'aurora' },
      { ...database, identifier: 'asleep', status: 'stopped' },
      { ...database, identifier: 'crowded' },
      {
        ...database,
        identifier: 'secretive',
        kmsKeyId: 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111',
      },
    ],
    kmsKeys: [
      { arn: 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111' },
      { arn: 'arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-2222-2222-222222222222' },
    ],
  },
  import.meta.dirname,
)

let lab: Lab
let rds: RDSClient
let runNumber = 0

beforeAll(async () => {
  lab = await startLab({ world, timeScale: 0.001 })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  rds = new RDSClient({ region: 'eu-central-1' })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
})
afterEach(() => lab.faults.clear())

function take(
  inputs: Record<string, string>,
  more: { runId?: string; signal?: AbortSignal; environment?: Record<string, string> } = {},
) {
  runNumber += 1
  const environment = {
    ...lab.environment,
    GITHUB_REPOSITORY: 'org/ledger',
    GITHUB_RUN_ID: more.runId ?? String(1000 + runNumber),
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_SHA: 'abc123',
    ...more.environment,
  }
  return runInMemory(action, {
    inputs: { interval: '20ms', ...inputs },
    environment,
    ...(more.signal && { signal: more.signal }),
  })
}

async function snapshotsOf(instance: string): Promise<(string | undefined)[]> {
  const { DBSnapshots } = await rds.send(
    new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: instance, SnapshotType: 'manual' }),
  )
  return (DBSnapshots ?? []).map((snapshot) => snapshot.DBSnapshotIdentifier).sort()
}

describe('rds-snapshot', () => {
  test('takes a snapshot, waits until it is available, and says how to restore from it', async () => {
    const run = await take({ 'db-instance-identifier': 'ledger', tags: 'team=data' }, { runId: '42' })
    expect(run.annotations).toEqual([])
    expect(run.exitCode).toBe(0)
    expect(run.outputs).toMatchObject({
      'snapshot-identifier': 'deploy-kit-ledger-42-1',
      'snapshot-arn': 'arn:aws:rds:eu-central-1:123456789012:snapshot:deploy-kit-ledger-42-1',
      'snapshot-type': 'instance',
      engine: 'postgres',
      status: 'available',
      created: 'true',
      'size-gib': '20',
      encrypted: 'false',
    })
    expect(run.outputs['created-at']).toMatch(/^\d{4}-\d\d-\d\dT/)
    expect(run.summary).toContain('--db-snapshot-identifier deploy-kit-ledger-42-1')
    const { DBSnapshots } = await rds.send(
      new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'deploy-kit-ledger-42-1' }),
    )
    expect(DBSnapshots?.[0]?.TagList).toEqual(
      expect.arrayContaining([
        { Key: 'deploy-kit:action', Value: 'rds-snapshot' },
        { Key: 'deploy-kit:repository', Value: 'org/ledger' },
        { Key: 'deploy-kit:run', Value: '42' },
        { Key: 'deploy-kit:sha', Value: 'abc123' },
        { Key: 'team', Value: 'data' },
      ]),
    )
  })

  test('run again, adopts the snapshot that is there', async () => {
    const inputs = { 'db-instance-identifier': 'ledger', 'snapshot-identifier': 'Again' }
    expect((await take(inputs)).outputs.created).toBe('true')
    const second = await take(inputs)
    expect(second).toMatchObject({
      exitCode: 0,
      outputs: { created: 'false', status: 'available', 'snapshot-identifier': 'again' },
    })
  })

  test('does not adopt a snapshot that somebody else made', async () => {
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'ledger', DBSnapshotIdentifier: 'by-hand' }))
    const run = await take({ 'db-instance-identifier': 'ledger', 'snapshot-identifier': 'by-hand' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain(
      'Snapshot by-hand exists already and does not carry the tag of deploy-kit',
    )
  })

  test('takes a member of a cluster as its cluster, and says so', async () => {
    const run = await take({ 'db-instance-identifier': 'member-1' }, { runId: '43' })
    expect(run.log[0]).toBe('Instance member-1 is a member of cluster aurora; the cluster is snapshotted.')
    expect(run.outputs).toMatchObject({
      'snapshot-type': 'cluster',
      status: 'available',
      'snapshot-identifier': 'deploy-kit-aurora-43-1',
    })
    const { DBClusterSnapshots } = await rds.send(
      new DescribeDBClusterSnapshotsCommand({ DBClusterIdentifier: 'aurora' }),
    )
    expect(DBClusterSnapshots).toHaveLength(1)
  })

  test('fails at once for a stopped database, and says what to do', async () => {
    const run = await take({ 'db-instance-identifier': 'asleep' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/^Instance asleep is stopped, so no snapshot can be taken\.\nStart it/)
  })

  test('a dry run of a stopped database says that no snapshot could be taken', async () => {
    const run = await take({ 'db-instance-identifier': 'asleep', 'dry-run': 'true' })
    expect(run).toMatchObject({ exitCode: 1, outputs: { created: 'false', pruned: '[]' } })
    expect(run.annotations[0]?.message).toMatch(
      /^Dry run: no snapshot could be taken, because asleep is stopped\.\nStart it/,
    )
    expect(run.summary).toContain('Start it')
  })

  test('names a database that does not exist', async () => {
    const run = await take({ 'db-instance-identifier': 'nowhere' })
    expect(run.annotations[0]?.message).toBe(
      'There is no RDS instance nowhere in this account and region.\nCheck the name (one of the other kind is given as db-cluster-identifier), and that aws-region and the account are the ones that are meant.',
    )
  })

  test('a dry run sends only reads and says what it would do', async () => {
    const before = await snapshotsOf('ledger')
    const at = lab.journal.entries().length
    const run = await take(
      { 'db-instance-identifier': 'ledger', 'dry-run': 'true', 'retention-count': '1' },
      { runId: '44' },
    )
    expect(run.exitCode).toBe(0)
    expect(run.log).toContain('dry run: would create snapshot deploy-kit-ledger-44-1 of instance ledger')
    expect(run.log).toContain('dry run: would delete deploy-kit-ledger-42-1 by the retention rule')
    const sent = lab.journal
      .entries()
      .slice(at)
      .flatMap((entry) => (entry.kind === 'request' ? [entry.operation] : []))
    expect(sent.every((operation) => operation.startsWith('Describe'))).toBe(true)
    expect(await snapshotsOf('ledger')).toEqual(before)
  })

  test('prunes its own older ones after success, and leaves everybody else’s', async () => {
    const inputs = { 'db-instance-identifier': 'crowded' }
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'crowded', DBSnapshotIdentifier: 'foreign' }))
    for (const name of ['one', 'two', 'three']) await take({ ...inputs, 'snapshot-identifier': name })
    const run = await take({ ...inputs, 'snapshot-identifier': 'four', 'retention-count': '2' })
    expect(run.exitCode).toBe(0)
    expect(JSON.parse(run.outputs.pruned ?? '')).toEqual(['one', 'two'])
    expect(await snapshotsOf('crowded')).toEqual(['foreign', 'four', 'three'])
  })

  test.each(['resetAfter', 'resetBefore', 'serverError', 'throttle'] as const)(
    'a request that meets %s makes exactly one snapshot',
    async (kind) => {
      lab.faults.add({ service: 'rds', operation: 'CreateDBSnapshot', call: 1, kind })
      const name = `after-${kind.toLowerCase()}`
      const run = await take({ 'db-instance-identifier': 'ledger', 'snapshot-identifier': name })
      expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true', status: 'available' } })
      expect((await snapshotsOf('ledger')).filter((identifier) => identifier === name)).toHaveLength(1)
    },
  )

  test('copies an encrypted snapshot to another region with its tags, and asks for a key when there is none', async () => {
    const inputs = { 'db-instance-identifier': 'secretive', 'copy-to-region': 'eu-west-1' }
    const without = await take(inputs)
    expect(without.annotations[0]?.message).toContain(
      'kms-key-id: is required, because the database is encrypted and is to be copied to eu-west-1',
    )
    expect(await snapshotsOf('secretive')).toEqual([])
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-2222-2222-222222222222'
    const run = await take({ ...inputs, 'kms-key-id': key, 'snapshot-identifier': 'travels' })
    expect(run.annotations).toEqual([])
    expect(run.outputs['copied-snapshot-arn']).toBe('arn:aws:rds:eu-west-1:123456789012:snapshot:travels')
    const there = await new RDSClient({ region: 'eu-west-1' }).send(
      new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'travels' }),
    )
    expect(there.DBSnapshots?.[0]).toMatchObject({ Status: 'available', Encrypted: true, KmsKeyId: key })
    expect(there.DBSnapshots?.[0]?.TagList).toContainEqual({ Key: 'deploy-kit:action', Value: 'rds-snapshot' })
  })

  test('takes credentials from the job’s OIDC token', async () => {
    const run = await take({
      'db-instance-identifier': 'ledger',
      'snapshot-identifier': 'by-role',
      'role-to-assume': 'arn:aws:iam::123456789012:role/deploy',
    })
    expect(run.annotations).toEqual([])
    const [request] = lab.journal.requests('rds', 'CreateDBSnapshot').slice(-1)
    expect(request?.caller).toMatch(/^arn:aws:sts::123456789012:assumed-role\/deploy\/deploy-kit-/)
    expect(lab.journal.requests('sts')).toHaveLength(1)
  })

  test('names the missing permission', async () => {
    const role = 'arn:aws:iam::123456789012:role/deploy'
    lab.policies.put(role, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'rds:Describe*', Resource: '*' }],
    })
    const run = await take({ 'db-instance-identifier': 'ledger', 'role-to-assume': role })
    lab.policies.remove(role)
    expect(run.annotations[0]?.message).toContain('the credentials lack rds:CreateDBSnapshot')
  })

  test('cancelled while it waits, ends at once and says that the snapshot goes on', async () => {
    const cancelled = new AbortController()
    const running = take(
      { 'db-instance-identifier': 'ledger', 'snapshot-identifier': 'cut-short' },
      { signal: cancelled.signal },
    )
    await vi.waitFor(async () => expect(await snapshotsOf('ledger')).toContain('cut-short'), {
      interval: 5,
      timeout: 20_000,
    })
    cancelled.abort()
    const run = await running
    expect(run.exitCode).toBe(1)
    expect(run.outputs['elapsed-ms']).toMatch(/^\d+$/)
    expect(run.annotations[0]?.message).toMatch(/^Cancelled\. .*goes on in AWS/)
  })
})
