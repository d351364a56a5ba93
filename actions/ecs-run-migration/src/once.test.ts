import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeTasksCommand, ECSClient, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs'
import { systemClock } from '@deploy-kit/core/clock'
import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { runIdentity } from './idempotency.ts'
import {
  failureOf,
  imageOf,
  lastRunTask,
  ledgerWorld,
  migrate,
  shell,
  startMigrationLab,
  subnets,
  taskWithLog,
} from './testing/migration-lab.ts'

let lab: Lab
let ecs: ECSClient
let folder: string
let files = 0
let closing: Promise<void> | undefined

beforeAll(async () => {
  lab = await startMigrationLab()
  ecs = new ECSClient({ region: 'eu-central-1' })
  folder = await mkdtemp(join(tmpdir(), 'migrations-'))
})
afterAll(async () => {
  await closing
  await lab.close()
})
afterEach(() => lab.faults.clear())

/** A migration that writes a row each time it runs. */
function rowWriter(then = 'true'): { command: string; rows: () => number } {
  files += 1
  const file = join(folder, String(files))
  return {
    command: shell(`echo row >> ${file}; ${then}`),
    rows: () => readFileSync(file, 'utf8').split('\n').length - 1,
  }
}

const runTasks = (): number => lab.journal.requests('ecs', 'RunTask').length

test('a task that its token names and ECS does not show is not run a second time', async () => {
  // At the pace of AWS, ECS does not show a task for two seconds after RunTask; this run gives up before.
  const clusters = [{ clusterName: 'production', services: [] }]
  const slow = await startMigrationLab({ world: ledgerWorld({ clusters }), timeScale: 1 })
  const inputs = { service: '', 'task-definition': 'ledger', ...subnets, command: 'true', 'start-timeout': '10s' }
  const gone = new AbortController()
  const first = migrate(slow, { ...inputs, 'on-cancel': 'detach' }, { runId: 'unseen', signal: gone.signal })
  await vi.waitFor(() => expect(slow.journal.requests('ecs', 'RunTask')).toHaveLength(1), {
    interval: 5,
    timeout: 20_000,
  })
  gone.abort()
  await first
  const again = new AbortController()
  const options = { runId: 'unseen', attempt: 2, signal: again.signal }
  const second = migrate(slow, { ...inputs, 'start-timeout': '30m', 'on-cancel': 'detach' }, options)
  await vi.waitFor(() => expect(slow.journal.requests('ecs', 'RunTask')).toHaveLength(2), {
    interval: 5,
    timeout: 20_000,
  })
  again.abort()
  const left = await second
  expect(left.outputs).toMatchObject({ outcome: 'cancelled', 'task-arn': expect.stringMatching(/^arn:/) })
  expect(failureOf(left)).toMatch(/^Cancelled while the task was .*\. It goes on, as asked\. Follow it with: aws ecs/)
  const run = await migrate(slow, inputs, { runId: 'unseen', attempt: 3 })
  expect(run.exitCode).toBe(1)
  expect(failureOf(run)).toMatch(
    /^ECS knows that an earlier attempt with this key started task arn:\S+, and does not show the task any more, .* Nothing was run\.\nLook at its log/,
  )
  expect(slow.journal.requests('ecs', 'RunTask')).toHaveLength(3)
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  // At this pace that takes seconds; the other tests need not wait for it.
  closing = slow.close()
})

describe('the same key', () => {
  test('attaches to the task of an earlier attempt that still runs, and follows it to its end', async () => {
    const go = join(folder, 'go')
    const { command, rows } = rowWriter(`echo begun; while [ ! -e ${go} ]; do sleep 0.02; done; echo over`)
    const inputs = { command, 'on-cancel': 'detach' }
    const cancelled = new AbortController()
    const first = migrate(lab, inputs, { runId: 'attach', signal: cancelled.signal })
    const arn = await taskWithLog(lab, 'begun')
    cancelled.abort()
    await first
    const second = migrate(lab, inputs, { runId: 'attach', attempt: 2 })
    await writeFile(go, '')
    const run = await second
    expect(run.outputs).toMatchObject({ outcome: 'succeeded', 'task-arn': arn, reattached: 'true' })
    expect(run.log).toEqual(expect.arrayContaining(['begun', 'over']))
    expect(rows()).toBe(1)
  })

  test('does not run a migration again that has succeeded, and takes its verdict', async () => {
    const { command, rows } = rowWriter()
    const first = await migrate(lab, { command }, { runId: 'done' })
    const second = await migrate(lab, { command }, { runId: 'done', attempt: 2 })
    expect(second.exitCode).toBe(0)
    expect(second.outputs).toMatchObject({
      outcome: 'succeeded',
      reattached: 'true',
      'exit-code': '0',
      'task-arn': first.outputs['task-arn'],
    })
    expect(second.log).toContain(
      `The task of an earlier attempt with key org/ledger/done/deploy/migrate has succeeded already; it is not run again: ${first.outputs['task-arn']}`,
    )
    expect(rows()).toBe(1)
  })

  test('runs a migration again that failed, as often as it fails', async () => {
    const { command, rows } = rowWriter('exit 1')
    const arns = new Set<string | undefined>()
    for (const attempt of [1, 2, 3]) {
      const run = await migrate(lab, { command }, { runId: 'again', attempt })
      expect(run.outputs).toMatchObject({ outcome: 'failed', reattached: 'false' })
      arns.add(run.outputs['task-arn'])
    }
    expect(arns.size).toBe(3)
    expect(rows()).toBe(3)
  })

  test('finds a task that ECS does not list yet by its client token', async () => {
    const { command, rows } = rowWriter('sleep 0.1')
    const inputs = { command, 'idempotency-key': 'not-listed', 'on-cancel': 'detach' }
    const both = await Promise.all([migrate(lab, inputs), migrate(lab, inputs), migrate(lab, inputs)])
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    expect(new Set(both.map(({ outputs }) => outputs['task-arn'])).size).toBe(1)
    expect(both.map(({ outputs }) => outputs.reattached).sort()).toEqual(['false', 'true', 'true'])
    expect(rows()).toBe(1)
  })

  test('with other parameters is the same run: what ECS answers with ConflictException is attached to, and said', async () => {
    const first = rowWriter()
    const other = rowWriter()
    const key = { 'idempotency-key': 'changed' }
    await migrate(lab, { ...key, command: first.command })
    const second = await migrate(lab, { ...key, command: other.command, image: imageOf('v77') })
    expect(second.outputs).toMatchObject({ outcome: 'succeeded', reattached: 'true' })
    expect(second.annotations[0]?.message).toContain('was started with another command')
    expect(() => other.rows()).toThrow('ENOENT')
  })

  test('waits until a task that is being stopped has ended, then runs the migration again', async () => {
    const inputs = { service: '', 'task-definition': 'patient', 'launch-type': 'EC2', timeout: '60m' }
    // Told to stop, it goes on until the second attempt waits for it.
    const end = join(folder, 'end')
    const script = `trap "while [ ! -e ${end} ]; do sleep 0.02; done; exit 143" TERM; echo begun; sleep 60 & wait`
    const cancelled = new AbortController()
    const options = { runId: 'stopped', signal: cancelled.signal }
    const first = migrate(lab, { ...inputs, command: shell(script) }, options)
    const arn = await taskWithLog(lab, 'begun')
    cancelled.abort()
    expect((await first).outputs.outcome).toBe('cancelled')
    const looks = (): number => lab.journal.requests('ecs', 'DescribeTasks').length
    const before = looks()
    const { command, rows } = rowWriter()
    const running = migrate(lab, { ...inputs, command }, { runId: 'stopped', attempt: 2 })
    // The first look is at all tasks of the family, the second is the first of the wait.
    await vi.waitFor(() => expect(looks()).toBeGreaterThan(before + 1), { interval: 5, timeout: 20_000 })
    await writeFile(end, '')
    const second = await running
    expect(second.log.join('\n')).toContain('the task of an earlier attempt is being stopped; waiting until')
    expect(second.outputs).toMatchObject({ outcome: 'succeeded', reattached: 'false' })
    expect(second.outputs['task-arn']).not.toBe(arn)
    expect(rows()).toBe(1)
  })

  test('a failed task that only its token still names is run again', async () => {
    // Started by hand as an earlier attempt would have, under another family, where no list finds it.
    const identity = runIdentity('other-family', { run: { runId: '1' } as never, log: { info: () => {} } as never })
    const { command, rows } = rowWriter('exit 5')
    const inputs = { command, 'idempotency-key': 'other-family' }
    const first = await migrate(lab, {
      ...inputs,
      service: '',
      'task-definition': 'with-sidecar',
      subnets: 'subnet-0aaa',
    })
    expect(first.outputs.outcome).toBe('failed')
    const second = await migrate(lab, inputs)
    expect(second.outputs).toMatchObject({ outcome: 'failed', reattached: 'false' })
    expect(second.log).toContain(
      `The task of an earlier attempt failed (${first.outputs['task-arn']}); running it again.`,
    )
    expect(lastRunTask(lab).startedBy).toBe(identity.startedBy)
    expect(rows()).toBe(2)
  })

  test('another key is another run', async () => {
    const { command, rows } = rowWriter()
    await migrate(lab, { command, 'idempotency-key': 'one' })
    await migrate(lab, { command, 'idempotency-key': 'two' })
    expect(rows()).toBe(2)
  })

  test('outside of GitHub, without a key, each run is its own', async () => {
    const { command, rows } = rowWriter()
    const environment = { GITHUB_RUN_ID: '' }
    await migrate(lab, { command }, { environment })
    const run = await migrate(lab, { command }, { environment })
    expect(run.log[0]).toMatch(/^There is no GITHUB_RUN_ID/)
    expect(rows()).toBe(2)
  })
})

describe('what ECS has forgotten', () => {
  test('a later attempt that finds no task says what it cannot know', async () => {
    const { command } = rowWriter()
    await migrate(lab, { command }, { runId: 'old' })
    lab.ecs.forgetStoppedTasks()
    const run = await migrate(lab, { command }, { runId: 'old', attempt: 2 })
    expect(run.annotations[0]).toMatchObject({ level: 'warning' })
    expect(run.annotations[0]?.message).toMatch(
      /^This is attempt 2 of the run, and ECS shows no task with key org\/ledger\/old\/deploy\/migrate\. ECS forgets/,
    )
  })

  test('is not run when that is to be refused, with a key of its own neither', async () => {
    const { command, rows } = rowWriter()
    const inputs = { command, 'on-forgotten': 'refuse' }
    expect((await migrate(lab, inputs, { runId: 'older' })).outputs.outcome).toBe('succeeded')
    lab.ecs.forgetStoppedTasks()
    const run = await migrate(lab, inputs, { runId: 'older', attempt: 2 })
    expect(run.exitCode).toBe(1)
    expect(failureOf(run)).toContain('so that it is not known whether the migration ran. Nothing was run.')
    expect(run.outputs.outcome).toBe('not-started')
    const dry = await migrate(lab, { ...inputs, 'dry-run': 'true' }, { runId: 'older', attempt: 2 })
    expect(failureOf(dry)).toBe(failureOf(run))
    const keyed = { ...inputs, 'idempotency-key': 'tenant-a-older' }
    const own = await migrate(lab, keyed, { runId: 'older', attempt: 2 })
    expect(failureOf(own)).toContain('ECS shows no task with key tenant-a-older. ECS forgets')
    expect(rows()).toBe(1)
  })
})

describe('faults', () => {
  test.each(['resetBefore', 'resetAfter', 'noAnswer', 'serverError', 'throttle'] as const)(
    'a RunTask that meets %s starts one task',
    async (kind) => {
      const { command, rows } = rowWriter()
      lab.faults.add({ operation: 'RunTask', call: 1, kind })
      const run = await migrate(lab, { command })
      expect(run).toMatchObject({ exitCode: 0, outputs: { outcome: 'succeeded', reattached: 'false' } })
      expect(rows()).toBe(1)
    },
  )

  test('a RunTask that is never answered names the task that it did start', async () => {
    lab.faults.add({ operation: 'RunTask', kind: 'resetAfter' })
    // On a clock that is not hurried: after the deadline there are two seconds to find it.
    const run = await migrate(lab, { command: shell('sleep 60 & wait'), timeout: '1s' }, { clock: systemClock })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('timed-out')
    expect(failureOf(run)).toContain('It was told to stop')
    const { tasks } = await ecs.send(
      new DescribeTasksCommand({ cluster: 'production', tasks: [run.outputs['task-arn'] ?? ''] }),
    )
    expect(tasks?.[0]?.desiredStatus).toBe('STOPPED')
  })

  test('a task that cannot be followed is left running, and the message says which', async () => {
    const role = 'arn:aws:iam::123456789012:role/deploy'
    const before = runTasks()
    const running = migrate(lab, { command: shell('echo begun; sleep 1'), 'role-to-assume': role })
    const arn = await taskWithLog(lab, 'begun')
    lab.policies.put(role, { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }] })
    const run = await running
    lab.policies.remove(role)
    expect(failureOf(run)).toContain('the credentials lack ecs:DescribeTasks')
    expect(run.outputs).toMatchObject({ outcome: 'timed-out', 'task-arn': arn })
    expect(failureOf(run)).toContain(`Task ${arn} was started and is left running`)
    expect(runTasks()).toBe(before + 1)
    await ecs.send(new StopTaskCommand({ cluster: 'production', task: arn }))
  })
})

describe('another migration', () => {
  test('that runs on the same family with another key is named in a warning', async () => {
    const slow = migrate(lab, { command: shell('echo begun; sleep 0.4'), 'idempotency-key': 'slow' })
    const arn = await taskWithLog(lab, 'begun')
    const run = await migrate(lab, { command: 'true', 'idempotency-key': 'quick' })
    expect(run.exitCode).toBe(0)
    expect(run.annotations).toHaveLength(1)
    expect(run.annotations[0]?.message).toContain(
      `Another migration, with another idempotency-key, is RUNNING now: ${arn}`,
    )
    await slow
  })

  test('a task of the family that is not ours is none of our business', async () => {
    const { networkConfiguration } = lastRunTask(lab) as never
    await ecs.send(
      new RunTaskCommand({
        cluster: 'production',
        taskDefinition: 'ledger',
        launchType: 'FARGATE',
        networkConfiguration,
        startedBy: 'somebody',
      }),
    )
    const run = await migrate(lab, { command: 'true' })
    expect(run.annotations).toEqual([])
  })
})
