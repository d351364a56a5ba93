import { DescribeDBClusterSnapshotsCommand, DescribeDBSnapshotsCommand, RDSClient, type Tag } from '@aws-sdk/client-rds'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import type { MemoryRun } from '@deploy-kit/core/testing/memory-platform'
import { seededRandom } from '@deploy-kit/lab/seeded-random'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { database, OWN_TAG, type SnapshotLab, startSnapshotLab } from './testing/snapshot-lab.ts'

/** `npx --yes pnpm@12 soak` runs thousands. */
const SEEDS = Number(process.env.SOAK_SEEDS ?? 200)
const FIRST_SEED = Number(process.env.SOAK_FIRST_SEED ?? 1)

const KINDS = ['throttle', 'serverError', 'resetBefore', 'resetAfter'] as const
const LANES = ['one', 'two', 'three', 'cluster'] as const
type Lane = (typeof LANES)[number]

let lab: SnapshotLab
/** The faults meet the judge as well, who asks again at once. */
const impatient = { maxAttempts: 1, requestHandler: { requestTimeout: 1000, throwOnRequestTimeout: true } }
const here = new RDSClient({ region: 'eu-central-1', ...impatient })
const there = new RDSClient({ region: 'eu-west-1', ...impatient })

beforeAll(async () => {
  const snapshots = (name: string) => [
    { identifier: `${name}-foreign`, ageDays: 400 },
    { identifier: `${name}-shared`, ageDays: 300, tags: OWN_TAG, sharedWith: ['210987654321'] },
    { identifier: `${name}-before`, ageDays: 200, tags: OWN_TAG, resourceId: 'db-BEFORE' },
    { identifier: `${name}-old`, ageDays: 100, tags: OWN_TAG },
  ]
  lab = await startSnapshotLab({
    rdsQuotas: { manualSnapshots: 1_000_000 },
    databases: LANES.map((name) =>
      name === 'cluster'
        ? database('member', {
            cluster: name,
            engine: 'aurora-postgresql',
            snapshotSeconds: 5,
            snapshots: snapshots(name),
          })
        : database(name, { snapshotSeconds: 5, snapshots: snapshots(name) }),
    ),
  })
  // Every request of every kind may fail, again and again, before it takes effect or after.
  for (const kind of KINDS) lab.lab.faults.add({ service: 'rds', kind, probability: 0.06 })
  lab.lab.faults.add({ service: 'rds', kind: 'noAnswer', probability: 0.005 })
})
afterAll(async () => {
  here.destroy()
  there.destroy()
  await lab[Symbol.asyncDispose]()
})

interface Seen {
  readonly identifier: string
  readonly arn: string
  readonly status: string
  readonly tags: ReadonlyMap<string, string>
}

/** Looks past the faults. */
async function snapshotsOf(lane: Lane, client: RDSClient): Promise<readonly Seen[]> {
  while (true) {
    try {
      return await list(lane, client)
    } catch (error) {
      if (!(error instanceof Error) || error.name.includes('Invalid')) throw error
    }
  }
}

async function list(lane: Lane, client: RDSClient): Promise<readonly Seen[]> {
  if (lane !== 'cluster') {
    const { DBSnapshots = [] } = await client.send(new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: lane }))
    return DBSnapshots.map((one) => readSeen(one.DBSnapshotIdentifier, one.DBSnapshotArn, one.Status, one.TagList))
  }
  const request = new DescribeDBClusterSnapshotsCommand({ DBClusterIdentifier: lane })
  const { DBClusterSnapshots = [] } = await client.send(request)
  return DBClusterSnapshots.map((one) =>
    readSeen(one.DBClusterSnapshotIdentifier, one.DBClusterSnapshotArn, one.Status, one.TagList),
  )
}

function readSeen(identifier = '', arn = '', status = '', tags: Tag[] = []): Seen {
  return { identifier, arn, status, tags: new Map(tags.map(({ Key = '', Value = '' }) => [Key, Value])) }
}

interface Plan {
  readonly inputs: Readonly<Record<string, string>>
  readonly identifier: string
  readonly keep: number | undefined
  readonly copies: boolean
  /** The run is cancelled at this request, and run again. */
  readonly cancelAt: number | undefined
}

function planOf(seed: number, lane: Lane): Plan {
  const random = seededRandom(seed)
  const keep = random() < 0.6 ? 1 + Math.floor(random() * 3) : undefined
  const copies = random() < 0.2
  const identifier = `seed-${seed}`
  const inputs = {
    ...(lane === 'cluster' ? { 'db-instance-identifier': 'member' } : { 'db-instance-identifier': lane }),
    'snapshot-identifier': identifier,
    tags: `seed=${seed}`,
    interval: '200ms',
    ...(keep !== undefined && { 'retention-count': String(keep) }),
    ...(copies && { 'copy-to-region': 'eu-west-1' }),
  }
  return { inputs, identifier, keep, copies, cancelAt: random() < 0.3 ? Math.floor(random() * 15) : undefined }
}

async function play(plan: Plan, seed: number): Promise<readonly MemoryRun[]> {
  const options = { runId: String(seed), clock: hurriedClock(20) }
  if (plan.cancelAt === undefined) return [await lab.take(plan.inputs, options)]
  const cancelled = new AbortController()
  const running = lab.take(plan.inputs, { ...options, signal: cancelled.signal })
  const from = lab.lab.journal.entries().length
  const ended = running.then(() => true)
  // Counts the requests of all lanes: it only has to be somewhere.
  while (lab.lab.journal.entries().length < from + plan.cancelAt) {
    if (await Promise.race([ended, new Promise<false>((resolve) => setImmediate(() => resolve(false)))])) break
  }
  cancelled.abort()
  const first = await running
  return [first, await lab.take(plan.inputs, options)]
}

/** What is true of every run, whatever went wrong on the way. */
async function judge(seed: number, lane: Lane): Promise<void> {
  const plan = planOf(seed, lane)
  const before = await snapshotsOf(lane, here)
  const runs = await play(plan, seed)
  const last = runs.at(-1)
  const after = await snapshotsOf(lane, here)
  const what = `seed ${seed} in ${lane}: ${JSON.stringify(runs.map(({ log, annotations }) => ({ log, annotations })))}`

  expect(last?.exitCode, what).toBe(0)
  expect(last?.annotations, what).toEqual([])
  const taken = after.find(({ identifier }) => identifier === plan.identifier)
  expect(taken?.status, what).toBe('available')
  expect(Object.fromEntries(taken?.tags ?? []), what).toMatchObject({
    ...OWN_TAG,
    'deploy-kit:run': String(seed),
    seed: String(seed),
  })
  expect(begun(taken?.arn), what).toBe(1)
  const outputs = { 'snapshot-arn': taken?.arn, status: 'available', 'snapshot-identifier': plan.identifier }
  expect(last?.outputs, what).toMatchObject(outputs)
  // Whichever run began it says so, and no other.
  if (runs.length === 1) expect(last?.outputs.created, what).toBe('true')
  if (runs[0] !== last && runs[0]?.outputs.created === 'true') expect(last?.outputs.created, what).toBe('false')

  const gone = before.filter((one) => !after.some(({ identifier }) => identifier === one.identifier))
  const pruned = new Set(runs.flatMap(({ outputs }) => JSON.parse(outputs.pruned ?? '[]') as string[]))
  // A run that is cancelled while AWS answers cannot know of the last one.
  if (runs.length === 1) expect([...pruned].sort(), what).toEqual(gone.map(({ identifier }) => identifier).sort())
  for (const name of ['foreign', 'shared', 'before']) {
    expect(
      after.map(({ identifier }) => identifier),
      what,
    ).toContain(`${lane}-${name}`)
  }
  if (plan.keep === undefined) expect(gone, what).toEqual([])
  else expect(after.length - 3, what).toBe(Math.min(plan.keep, before.length - 3 + 1))

  if (!plan.copies) return
  const copy = (await snapshotsOf(lane, there)).find(({ identifier }) => identifier === plan.identifier)
  expect(copy, what).toMatchObject({ status: 'available', arn: last?.outputs['copied-snapshot-arn'] })
  expect(copy?.tags.get('seed'), what).toBe(String(seed))
  expect(begun(copy?.arn), what).toBe(1)
}

/** How often AWS has begun a snapshot of this ARN. */
function begun(arn: string | undefined): number {
  return lab.lab.journal
    .entries()
    .filter((entry) => entry.kind === 'change' && entry.resource === arn && entry.to === 'creating').length
}

test(
  `${SEEDS} seeds of faults at every call: one snapshot each, right verdicts, nobody else’s touched`,
  async () => {
    const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index)
    await Promise.all(
      LANES.map(async (lane) => {
        for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) await judge(seed, lane)
      }),
    )
  },
  60_000 + SEEDS * 1000,
)
