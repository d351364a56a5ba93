import { ActionError } from '@deploy-kit/core/errors'
import { JumpingClock } from '@deploy-kit/core/testing/jumping-clock'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { explainInterruption } from './interruption.ts'
import { database, OWN_TAG, type SnapshotLab, startSnapshotLab } from './testing/snapshot-lab.ts'

let lab: SnapshotLab
let number = 0

beforeAll(async () => {
  const snapshots = Array.from({ length: 30 }, (_, index) => ({
    identifier: `old-${index}`,
    ageDays: 40 + index,
    tags: OWN_TAG,
  }))
  lab = await startSnapshotLab({
    databases: [
      database('ledger', { snapshotSeconds: 20, snapshots }),
      database('slow', { snapshotSeconds: 100_000 }),
      database('slower', { snapshotSeconds: 100_000 }),
      database('waiting', { status: 'maintenance' }),
    ],
  })
})
afterAll(() => lab[Symbol.asyncDispose]())
afterEach(() => lab.lab.faults.clear())

type Fault = Parameters<SnapshotLab['lab']['faults']['add']>[0]

/** Runs the action and cancels it when the lab has seen `operation` (the fault holds the answer back). */
async function cancelAt(operation: string, inputs: Record<string, string>, fault?: Fault, call = 1) {
  const cancelled = new AbortController()
  if (fault) lab.lab.faults.add(fault)
  const before = lab.lab.journal.requests('rds', operation).length
  const running = lab.take(inputs, { signal: cancelled.signal })
  await vi.waitFor(
    () => expect(lab.lab.journal.requests('rds', operation).length).toBeGreaterThanOrEqual(before + call),
    { interval: 2, timeout: 20_000 },
  )
  cancelled.abort()
  const run = await running
  expect(run.exitCode).toBe(1)
  expect(run.outputs['elapsed-ms']).toMatch(/^\d+$/)
  return run
}

function inputs(more: Record<string, string> = {}): Record<string, string> {
  number += 1
  return { 'db-instance-identifier': 'ledger', 'snapshot-identifier': `cut-${number}`, ...more }
}

const silent = (operation: string): Fault => ({ service: 'rds', operation, kind: 'noAnswer' })

describe('cancelled', () => {
  test.each(['DescribeDBInstances', 'DescribeDBSnapshots'])(
    'during the first %s, nothing was requested',
    async (operation) => {
      const run = await cancelAt(operation, inputs(), silent(operation))
      expect(run.annotations).toMatchObject([{ level: 'error', message: 'Cancelled. No snapshot had been requested.' }])
    },
  )

  test('while the database is waited for, nothing was requested', async () => {
    const run = await cancelAt('DescribeDBInstances', inputs({ 'db-instance-identifier': 'waiting' }), undefined, 3)
    expect(run.annotations[0]?.message).toBe('Cancelled. No snapshot had been requested.')
    expect(run.outputs).toMatchObject({ 'snapshot-type': 'instance', engine: 'postgres', pruned: '[]' })
  })

  test('while the request is on its way to AWS, one look tells that nothing has begun', async () => {
    const given = inputs()
    const run = await cancelAt('CreateDBSnapshot', given, silent('CreateDBSnapshot'))
    expect(run.annotations[0]?.message).toBe(`Cancelled. Snapshot ${given['snapshot-identifier']} has not been taken.`)
  })

  test('while the answer is on its way back, one look tells that it goes on', async () => {
    const given = inputs({ 'db-instance-identifier': 'slow' })
    const slow: Fault = { service: 'rds', operation: 'CreateDBSnapshot', kind: 'slow', ms: 5000 }
    const run = await cancelAt('CreateDBSnapshot', given, slow)
    const name = given['snapshot-identifier']
    expect(run.annotations[0]?.message).toBe(
      `Cancelled. Snapshot ${name} goes on in AWS (last seen creating); running the job again with snapshot-identifier ${name} adopts it.`,
    )
    expect(run.outputs).toMatchObject({ status: 'creating', 'snapshot-arn': expect.stringContaining(`:${name}`) })

    const again = await cancelAt('DescribeDBSnapshots', given, undefined, 4)
    expect(again.outputs).toMatchObject({ created: 'false', status: 'creating' })
    expect(again.annotations[0]?.message).toMatch(
      /^Cancelled\. Snapshot .* goes on in AWS \(last seen creating, \d+ %\);/,
    )
  })

  test('while the copy waits for its answer, the original is kept', async () => {
    const run = await cancelAt('CopyDBSnapshot', inputs({ 'copy-to-region': 'eu-west-1' }), silent('CopyDBSnapshot'))
    expect(run.outputs).toMatchObject({ status: 'available', created: 'true' })
    expect(run.annotations[0]?.message).toMatch(/^Cancelled\. Snapshot cut-\d+ is available and was kept\.$/)
    expect(run.summary).toContain('How to restore from it')
  })

  test('while older ones are deleted, what went is in the output', async () => {
    const third: Fault = { ...silent('DeleteDBSnapshot'), call: 3 }
    const run = await cancelAt('DeleteDBSnapshot', inputs({ 'retention-count': '1' }), third, 3)
    expect(JSON.parse(run.outputs.pruned ?? '')).toEqual(['old-29', 'old-28'])
    expect(run.annotations[0]?.message).toMatch(/is available and was kept\.$/)
  })
})

/** Runs the action and lets its deadline pass when the lab has seen `operation` so many times. */
async function outlast(operation: string, given: Record<string, string>, fault?: Fault, call = 1) {
  const clock = new JumpingClock()
  if (fault) lab.lab.faults.add(fault)
  const before = lab.lab.journal.requests('rds', operation).length
  const running = lab.take(given, { clock })
  await vi.waitFor(
    () => expect(lab.lab.journal.requests('rds', operation).length).toBeGreaterThanOrEqual(before + call),
    { interval: 2, timeout: 20_000 },
  )
  clock.jump(3 * 3_600_000)
  const run = await running
  expect(run.exitCode).toBe(1)
  expect(Number(run.outputs['elapsed-ms'])).toBeGreaterThan(3 * 3_600_000)
  return run
}

describe('at the deadline, whatever does not answer', () => {
  test.each([
    ['DescribeDBInstances', 'rds:DescribeDBInstances on instance ledger was tried until the deadline'],
    ['DescribeDBSnapshots', /rds:DescribeDBSnapshots on snapshot cut-\d+ was tried until the deadline/],
    [
      'CreateDBSnapshot',
      /was tried until the deadline and never succeeded\. The last answer: TimeoutError: no answer came in time\. Whether AWS has begun snapshot (cut-\d+) is not known\.\nRun the job again with snapshot-identifier \1: if it is there, it is adopted\./,
    ],
  ])('%s, the step ends and says so', async (operation, message) => {
    const run = await outlast(operation, inputs(), silent(operation))
    expect(run.annotations[0]?.message).toMatch(message)
  })

  test.each([
    [true, 'Tried in vain. Whether AWS has begun snapshot nightly is not known.'],
    [false, 'Tried in vain.'],
  ])(
    'an answer that was lost (%s) leaves open whether it has begun; a throttle does not',
    async (answerLost, message) => {
      const progress = { requested: { type: 'instance', identifier: 'nightly' }, answerLost } as const
      const error = new ActionError('unreachable', 'Tried in vain.')
      const unused = {} as never
      await expect(explainInterruption(error, progress, unused, unused, unused)).rejects.toMatchObject({ message })
    },
  )

  test('the wait says what was seen last, that it goes on, and what AWS answered at the end', async () => {
    for (let call = 2; call < 40; call += 1) {
      lab.lab.faults.add({ service: 'rds', operation: 'DescribeDBSnapshots', call, kind: 'throttle' })
    }
    const run = await outlast('DescribeDBSnapshots', inputs(), undefined, 4)
    expect(run.outputs).toMatchObject({ status: 'creating', created: 'true' })
    expect(run.annotations[0]?.message).toMatch(
      /^Snapshot (cut-\d+) is not available after .*; last seen creating \(\d+ %\)\.\nIt goes on in AWS, and running the job again with snapshot-identifier \1 adopts it\. At the end AWS did not answer: rds:DescribeDBSnapshots on snapshot \1: (Throttling.*: Rate exceeded|TimeoutError: no answer came in time)\./,
    )
  })

  test('a snapshot that takes longer goes on, and the same step adopts it', async () => {
    const given = inputs({ 'db-instance-identifier': 'slower' })
    const late = await outlast('DescribeDBSnapshots', given, undefined, 4)
    expect(late.outputs).toMatchObject({ status: 'creating', created: 'true' })
    expect(late.annotations[0]?.message).toMatch(
      / is not available after 3h .*; last seen creating .*\n.* Raise timeout/,
    )
    const again = await lab.take({ ...given, wait: 'false' })
    expect(again).toMatchObject({ exitCode: 0, outputs: { status: 'creating', created: 'false' } })
  })

  test('a database that stays busy is named with the input that ended the wait', async () => {
    const busy = { 'db-instance-identifier': 'waiting' }
    const short = await outlast('DescribeDBInstances', inputs(busy), undefined, 3)
    expect(short.annotations[0]?.message).toMatch(
      /^Instance waiting was still maintenance when wait-for-available \(.*\) was over;/,
    )
    const whole = await outlast('DescribeDBInstances', inputs({ ...busy, 'wait-for-available': '4h' }), undefined, 3)
    expect(whole.annotations[0]?.message).toMatch(/ when timeout \(.*\) was over; .* or raise timeout\.$/s)
  })

  test('the copy, the original is available and said to be', async () => {
    const run = await outlast('CopyDBSnapshot', inputs({ 'copy-to-region': 'eu-west-1' }), silent('CopyDBSnapshot'))
    expect(run.outputs).toMatchObject({ status: 'available' })
    expect(run.annotations[0]?.message).toMatch(/Snapshot cut-\d+ is available and was kept\./)
  })

  test('the deletion of older ones, the snapshot is available and what went is in the output', async () => {
    const second: Fault = { ...silent('DeleteDBSnapshot'), call: 2 }
    const run = await outlast('DeleteDBSnapshot', inputs({ 'retention-count': '1' }), second, 2)
    expect(JSON.parse(run.outputs.pruned ?? '')).toHaveLength(1)
    expect(run.annotations[0]?.message).toMatch(
      /^rds:DeleteDBSnapshot on snapshot old-\d+ was tried until the deadline .* is available and was kept\./,
    )
  })
})
