import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { Deadline } from '@deploy-kit/core/deadline'
import type { Log } from '@deploy-kit/core/log'
import { VirtualClock } from '@deploy-kit/core/testing/virtual-clock'
import { expect, test } from 'vitest'
import type { Snapshot } from './snapshot.ts'
import type { SnapshotApi } from './snapshot-api.ts'
import { SnapshotSource } from './snapshot-source.ts'
import { waitForSnapshot } from './snapshot-wait.ts'

const first: Snapshot = {
  identifier: 'nightly',
  arn: 'arn:aws:rds:eu-central-1:123456789012:snapshot:nightly',
  databaseIdentifier: 'ledger',
  resourceId: 'db-A',
  type: 'manual',
  status: 'creating',
  percentProgress: 0,
  sizeGib: 400,
  encrypted: false,
  engine: 'postgres',
  createdAt: undefined,
  sourceArn: undefined,
  tags: new Map(),
}

/** Waits at AWS's own pace, in no time, for what `at` says there is after so many seconds. */
async function wait(at: (second: number) => Partial<Snapshot> | undefined, intervalMs = 10_000) {
  const clock = new VirtualClock()
  const log: string[] = []
  const silent: Log = { info: (line) => log.push(line), warning() {}, debug() {}, group() {}, outside() {} }
  const deadline = new Deadline(3 * 3_600_000, clock)
  const { signal } = new AbortController()
  let looks = 0
  const api: Pick<SnapshotApi, 'type' | 'actions' | 'describeSnapshots'> = {
    type: 'instance',
    actions: { describeSnapshots: 'rds:DescribeDBSnapshots' } as SnapshotApi['actions'],
    async describeSnapshots() {
      looks += 1
      const now = at(clock.nowMs() / 1000)
      return { snapshots: now ? [{ ...first, ...now }] : [] }
    },
  }
  const source = new SnapshotSource(api as SnapshotApi, new AwsCaller({ deadline, signal, clock, log: silent }))
  const limits = { what: 'snapshot nightly', intervalMs, deadline }
  const begun = { ...first, ...at(0) }
  const result = await waitForSnapshot(source, begun, limits, { signal, clock, log: silent }, () => undefined)
  return { ...result, log, looks, endedAtSecond: clock.nowMs() / 1000 }
}

const TWO_HOURS = 7200
const steady = (second: number): Partial<Snapshot> =>
  second >= TWO_HOURS ? { status: 'available' } : { percentProgress: Math.floor((second / TWO_HOURS) * 100) }

test('a snapshot of two hours costs six looks a minute, and is noticed within one interval', async () => {
  const { kind, looks, endedAtSecond } = await wait(steady)
  expect(kind).toBe('available')
  expect(looks).toBe(TWO_HOURS / 10)
  expect(endedAtSecond).toBeLessThanOrEqual(TWO_HOURS + 10)
})

test('its log has a line a percent, a heartbeat every 30 s between, and an estimate that is right', async () => {
  const { log } = await wait(steady)
  expect(log[0]).toBe('snapshot nightly is creating, 0 % of 400 GiB (0ms elapsed, 3h 00m left)')
  expect(log).toContain(
    'snapshot nightly is creating, 50 % of 400 GiB, about 1h 00m to go (1h 00m elapsed, 2h 00m left)',
  )
  expect(log.filter((line) => line.startsWith('snapshot')).length).toBe(101)
  expect(log.filter((line) => line.startsWith('still: ')).length).toBeGreaterThan(100)
  expect(log.length).toBeLessThanOrEqual(TWO_HOURS / 30 + 101)
})

test('an adopted snapshot that is far already is judged by what it does from now on', async () => {
  const { log } = await wait((second) =>
    second >= 1000 ? { status: 'available' } : { percentProgress: 80 + Math.floor(second / 50) },
  )
  const at90 = log.find((line) => line.startsWith('snapshot nightly is creating, 90 %'))
  expect(at90).toMatch(/, about 8m 20s to go \(8m 20s elapsed, /)
})

test('one answer that does not show it is not believed, two are', async () => {
  const once = await wait((second) => (second === 20 ? undefined : second > 60 ? { status: 'available' } : {}))
  expect(once.kind).toBe('available')
  const gone = await wait((second) => (second >= 20 ? undefined : {}))
  expect(gone).toMatchObject({ kind: 'gone', endedAtSecond: 30 })
})

test.each(['failed', 'deleting', 'incompatible-restore'])('one that is %s ends the wait', async (status) => {
  expect(await wait((second) => (second >= 20 ? { status } : {}))).toMatchObject({ kind: 'failed', endedAtSecond: 20 })
})

test('the size of Aurora, which RDS does not report, is left out', async () => {
  const { log } = await wait((second) =>
    second >= 30 ? { status: 'available' } : { engine: 'aurora-mysql', sizeGib: 1, percentProgress: second * 2 },
  )
  expect(log[1]).toMatch(/^snapshot nightly is creating, 20 %, about 40s to go/)
})
