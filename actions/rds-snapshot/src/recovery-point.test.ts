import type { ActionContext } from '@deploy-kit/core/action'
import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { Deadline } from '@deploy-kit/core/deadline'
import type { Log } from '@deploy-kit/core/log'
import { VirtualClock } from '@deploy-kit/core/testing/virtual-clock'
import { expect, test } from 'vitest'
import { ourTags } from './rds-tags.ts'
import { takeRecoveryPoint } from './recovery-point.ts'
import type { Database, Snapshot } from './snapshot.ts'
import type { SnapshotApi } from './snapshot-api.ts'
import { SnapshotSource } from './snapshot-source.ts'

/** What AWS may answer and the lab does not: which of several refusals comes first is not documented. */

const run = { repository: 'org/ledger', runId: '42', runAttempt: '1', sha: 'abc' }
const tags = ourTags(run as ActionContext['run'], [])
const database: Database = {
  identifier: 'ledger',
  resourceId: 'db-A',
  status: 'available',
  engine: 'postgres',
  encrypted: false,
  clusterIdentifier: undefined,
  restoreOptions: [],
  writer: undefined,
}
const snapshot: Snapshot = {
  identifier: 'nightly',
  arn: 'arn:aws:rds:eu-central-1:123456789012:snapshot:nightly',
  databaseIdentifier: 'ledger',
  resourceId: 'db-A',
  type: 'manual',
  status: 'creating',
  percentProgress: 0,
  sizeGib: 20,
  encrypted: false,
  engine: 'postgres',
  createdAt: undefined,
  sourceArn: undefined,
  tags,
}

function awsError(name: string): Error {
  return Object.assign(new Error(name), { name })
}

const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
const busy = awsError('InvalidDBInstanceStateFault')
const exists = awsError('DBSnapshotAlreadyExistsFault')

interface Aws {
  /** Answers to CreateDBSnapshot, one after the other; the last one stays. */
  readonly create: readonly (Snapshot | Error)[]
  /** The snapshot of that name, after so many requests for one. */
  readonly find?: (requests: number) => Snapshot | undefined
  readonly describe?: (requests: number) => Partial<Database>
}

function take(aws: Aws, waitForAvailable = 15 * 60_000) {
  const clock = new VirtualClock()
  const log: Log = { info() {}, warning() {}, debug() {}, group() {}, outside() {} }
  const { signal } = new AbortController()
  const deadline = new Deadline(2 * 3_600_000, clock)
  let requests = 0
  const api: Partial<SnapshotApi> = {
    type: 'instance',
    longestIdentifier: 255,
    actions: { create: 'rds:CreateDBSnapshot' } as SnapshotApi['actions'],
    async create() {
      requests += 1
      const answer = aws.create[Math.min(requests, aws.create.length) - 1]
      if (answer instanceof Error || answer === undefined) throw answer
      return answer
    },
    async describeSnapshots() {
      const found = aws.find?.(requests)
      return { snapshots: found ? [found] : [] }
    },
    describeDatabase: async () => ({ ...database, ...aws.describe?.(requests) }),
  }
  const source = new SnapshotSource(api as SnapshotApi, new AwsCaller({ deadline, signal, clock, log }))
  const order = {
    ...{ source, database, identifier: 'nightly', tags, deadline },
    inputs: { waitForAvailable, interval: 10_000 },
    pruning: { isOn: false, pruned: [], apply: async () => 0 },
    onRequest: () => undefined,
    onLostAnswer: () => undefined,
  }
  const context = { clock, log, signal } as Partial<ActionContext> as ActionContext
  return takeRecoveryPoint(order, context).then((point) => ({ ...point, requests }))
}

const thereAfter = (first: number) => (requests: number) => (requests >= first ? snapshot : undefined)

test.each([
  ['that the name is taken', [lost, exists]],
  ['that the database is busy', [lost, busy]],
])('a request whose answer was lost took effect, and AWS says %s', async (_, create) => {
  const point = await take({ create, find: thereAfter(1) })
  expect(point).toMatchObject({ created: true, requests: 2, snapshot: { identifier: 'nightly' } })
})

test('a request whose answer was lost did not take effect, and the database became busy meanwhile', async () => {
  const point = await take({ create: [lost, busy, busy, snapshot] })
  expect(point).toMatchObject({ created: true, requests: 4 })
})

test.each([
  ['the name was taken', [exists]],
  ['the database was busy', [busy]],
])('somebody else began it a moment before, so %s', async (_, create) => {
  const other = { ...snapshot, tags: new Map([...tags, ['deploy-kit:run', '41']]) }
  const point = await take({ create, find: () => other })
  expect(point).toMatchObject({ created: false, requests: 1 })
})

test('AWS refuses for longer than wait-for-available what it shows as available', async () => {
  await expect(take({ create: [busy] }, 60_000)).rejects.toMatchObject({
    code: 'wrong-state',
    message:
      'AWS takes no snapshot of instance ledger: it says that the instance is not available, and shows it as available. No snapshot was taken.',
  })
})

test('wait-for-available counts once, however often the database becomes busy again', async () => {
  const describe = (requests: number) => ({ status: requests > 0 ? 'modifying' : 'available' })
  await expect(take({ create: [busy], describe }, 60_000)).rejects.toMatchObject({
    message:
      'Instance ledger was still modifying when wait-for-available (1m 00s) was over; a snapshot needs it available. No snapshot was taken.',
  })
})

test('a database that is optimizing its storage takes snapshots', async () => {
  const describe = () => ({ status: 'storage-optimization' })
  expect(await take({ create: [busy, snapshot], describe })).toMatchObject({ created: true, requests: 2 })
})

test('a database that was replaced while it was waited for is not snapshotted', async () => {
  await expect(take({ create: [busy], describe: () => ({ resourceId: 'db-B' }) })).rejects.toMatchObject({
    message:
      'ledger was deleted and made again while it was waited for (resource id db-A, now db-B). No snapshot was taken.',
  })
})

test.each([
  'stopped',
  'deleting',
  'failed',
  'incompatible-parameters',
  'storage-full',
  'inaccessible-encryption-credentials',
  'insufficient-capacity',
])('a database that becomes %s meanwhile fails at once, with what to do', async (status) => {
  await expect(take({ create: [busy], describe: () => ({ status }) })).rejects.toMatchObject({
    code: 'wrong-state',
    message: `Instance ledger is ${status}, so no snapshot can be taken.`,
    advice: expect.stringMatching(/\.$/),
  })
})
