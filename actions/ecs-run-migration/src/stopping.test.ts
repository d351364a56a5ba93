import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  type RunTaskResponse,
  StopTaskCommand,
} from '@aws-sdk/client-ecs'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { JumpingClock } from '@deploy-kit/core/testing/jumping-clock'
import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { failureOf, lastRunTask, migrate, shell, startMigrationLab, taskWithLog } from './testing/migration-lab.ts'

let lab: Lab
let ecs: ECSClient

beforeAll(async () => {
  lab = await startMigrationLab()
  ecs = new ECSClient({ region: 'eu-central-1' })
})
afterAll(() => lab.close())
afterEach(() => lab.faults.clear())

async function statusOf(arn: string): Promise<string | undefined> {
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: 'production', tasks: [arn] }))
  return tasks?.[0]?.desiredStatus
}

/** The default timeout is half an hour. */
const PAST_DEADLINE_MS = 31 * 60_000

/** How often tasks were looked at. */
function looks(): number {
  return lab.journal.requests('ecs', 'DescribeTasks').length
}

function logReads(): number {
  return lab.journal.requests('logs', 'GetLogEvents').length
}

function newestTask(): string | undefined {
  const outcome = lab.journal.requests('ecs', 'RunTask').at(-1)?.outcome
  return outcome?.kind === 'answered' ? (outcome.output as RunTaskResponse).tasks?.[0]?.taskArn : undefined
}

/** What the task has been through, without asking the lab, for which faults may be set. */
function statesOf(arn: string | undefined): string[] {
  return lab.journal.entries().flatMap((entry) => (entry.kind === 'change' && entry.resource === arn ? [entry.to] : []))
}

describe('cancel and time', () => {
  test('a cancellation stops the task at once, and the outcome is written', async () => {
    const cancelled = new AbortController()
    const running = migrate(lab, { command: shell('echo begun; sleep 60 & wait') }, { signal: cancelled.signal })
    const arn = await taskWithLog(lab, 'begun')
    cancelled.abort()
    const run = await running
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'cancelled', 'task-arn': arn })
    expect(failureOf(run)).toMatch(/^Cancelled while the task was .*\. It was told to stop/)
    expect(await statusOf(arn)).toBe('STOPPED')
  })

  test('with on-cancel detach the task goes on, and it is said how to follow it', async () => {
    const cancelled = new AbortController()
    const inputs = { command: shell('echo begun; sleep 60 & wait'), 'on-cancel': 'detach' }
    const running = migrate(lab, inputs, { signal: cancelled.signal })
    const arn = await taskWithLog(lab, 'begun')
    cancelled.abort()
    const run = await running
    expect(run.outputs.outcome).toBe('cancelled')
    expect(failureOf(run)).toContain(`aws ecs describe-tasks --cluster production --tasks ${arn}`)
    expect(await statusOf(arn)).toBe('RUNNING')
    await ecs.send(new StopTaskCommand({ cluster: 'production', task: arn }))
  })

  test.each(['slow', 'resetAfter', 'resetBefore', 'noAnswer'] as const)(
    'cancelled while RunTask meets %s, leaves no task running',
    async (kind) => {
      lab.faults.add({ operation: 'RunTask', kind, ...(kind === 'slow' && { ms: 40 }) })
      const cancelled = new AbortController()
      const before = lab.journal.requests('ecs', 'RunTask').length
      const options = { signal: cancelled.signal, clock: hurriedClock(10) }
      const running = migrate(lab, { command: shell('sleep 60 & wait') }, options)
      await vi.waitFor(() => expect(lab.journal.requests('ecs', 'RunTask').length).toBeGreaterThan(before), {
        interval: 1,
        timeout: 20_000,
      })
      cancelled.abort()
      const run = await running
      expect(run.exitCode).toBe(1)
      expect(run.outputs.outcome).toBe('cancelled')
      expect(failureOf(run)).toMatch(/^Cancelled/)
      const { startedBy } = lastRunTask(lab) as { startedBy?: string }
      const live = await ecs.send(new ListTasksCommand({ cluster: 'production', startedBy }))
      expect(live.taskArns).toEqual([])
    },
  )

  test('cancelled before anything was sent, says so', async () => {
    const run = await migrate(lab, { command: 'true' }, { signal: AbortSignal.abort() })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('cancelled')
    expect(failureOf(run)).toBe('Cancelled before anything was run.')
  })

  test('at the deadline the task is stopped and the outcome is timed-out', async () => {
    const clock = new JumpingClock()
    const running = migrate(lab, { command: shell('echo half of it; sleep 60 & wait'), interval: '100ms' }, { clock })
    await taskWithLog(lab, 'half of it')
    // The step has read that answer when it asks for what comes next.
    const reads = logReads()
    await expect.poll(logReads, { interval: 5 }).toBeGreaterThan(reads)
    clock.jump(PAST_DEADLINE_MS)
    const run = await running
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('timed-out')
    expect(failureOf(run)).toMatch(
      /^The task was RUNNING at the deadline\. It was told to stop \(SIGTERM, then SIGKILL after its stopTimeout\)\.\nThe log ends with:\nhalf of it$/,
    )
    expect(await statusOf(run.outputs['task-arn'] ?? '')).toBe('STOPPED')
  })

  test('with on-timeout detach the task goes on after the deadline, and it is said how to follow it', async () => {
    const clock = new JumpingClock()
    const command = shell('echo begun; sleep 60 & wait')
    const running = migrate(lab, { command, interval: '100ms', 'on-timeout': 'detach' }, { clock })
    const arn = await taskWithLog(lab, 'begun')
    clock.jump(PAST_DEADLINE_MS)
    const run = await running
    expect(run.outputs['task-arn']).toBe(arn)
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('timed-out')
    expect(failureOf(run)).toContain(
      `It goes on, as asked. Follow it with: aws ecs describe-tasks --cluster production --tasks ${arn}`,
    )
    expect(await statusOf(arn)).toBe('RUNNING')
    await ecs.send(new StopTaskCommand({ cluster: 'production', task: arn }))
  })

  test.each(['stop', 'detach'])(
    'a task that ends between the last look and the deadline is judged as it ended (on-timeout: %s)',
    async (policy) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'deploy-kit-'))
      const goAhead = join(folder.path, 'go-ahead')
      const clock = new JumpingClock()
      const before = looks()
      // The look at it is never answered.
      lab.faults.add({ operation: 'DescribeTasks', call: 2, kind: 'noAnswer' })
      const command = shell(`until [ -e '${goAhead}' ]; do sleep 0.05; done; exit 4`)
      const running = migrate(lab, { command, interval: '100ms', 'on-timeout': policy, logs: 'none' }, { clock })
      await expect.poll(looks, { interval: 5 }).toBe(before + 2)
      await writeFile(goAhead, '')
      await expect.poll(() => statesOf(newestTask()), { interval: 5 }).toContain('STOPPED')
      clock.jump(PAST_DEADLINE_MS)
      expect((await running).outputs).toMatchObject({ outcome: 'failed', 'exit-code': '4' })
    },
  )

  test('a task that does not start in time is not-started and stopped, whatever start-timeout is', async () => {
    const run = await migrate(lab, { command: 'true', 'start-timeout': '1ms' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'not-started', 'exit-code': '', 'stop-code': 'UserInitiated' })
    expect(failureOf(run)).toMatch(/^The task did not start within start-timeout: it was/)
  })

  test('a deadline that no answer comes before is a timeout too, and the task is stopped', async () => {
    const clock = new JumpingClock()
    const running = migrate(lab, { command: shell('echo begun; sleep 60 & wait'), interval: '100ms' }, { clock })
    await taskWithLog(lab, 'begun')
    lab.faults.add({ operation: 'DescribeTasks', kind: 'throttle' })
    clock.jump(PAST_DEADLINE_MS)
    const run = await running
    lab.faults.clear()
    expect(run.outputs.outcome).toBe('timed-out')
    expect(await statusOf(run.outputs['task-arn'] ?? '')).toBe('STOPPED')
  })
})
