import { ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs'
import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, migrate, shell, startMigrationLab, subnets, taskWithLog } from './testing/migration-lab.ts'

let lab: Lab
let ecs: ECSClient

beforeAll(async () => {
  lab = await startMigrationLab()
  ecs = new ECSClient({ region: 'eu-central-1' })
})
afterAll(() => lab.close())

describe('the verdict', () => {
  test('a container that exits with 0 is a success, with its log and every output', async () => {
    const run = await migrate(lab, { command: shell('echo one; echo two; echo three') })
    expect(run.annotations).toEqual([])
    expect(run.exitCode).toBe(0)
    const at = run.log.indexOf('one')
    expect(run.log.slice(at, at + 3)).toEqual(['one', 'two', 'three'])
    expect(run.log.at(-1)).toBe('Container app exited with 0.')
    expect(run.outputs).toMatchObject({
      outcome: 'succeeded',
      'exit-code': '0',
      'stop-code': 'EssentialContainerExited',
      'stopped-reason': 'Essential container in task exited',
      reattached: 'false',
    })
    expect(run.outputs['task-arn']).toMatch(/^arn:aws:ecs:eu-central-1:123456789012:task\/production\/[0-9a-f]{32}$/)
    expect(run.outputs['elapsed-ms']).toMatch(/^\d+$/)
    const id = run.outputs['task-arn']?.split('/').at(-1)
    expect(run.outputs['log-url']).toBe(
      `https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/log-group/$252Fecs$252Fledger/log-events/run$252Fapp$252F${id}`,
    )
  })

  test('a container that exits with another code fails the step; the annotation holds the end of its log', async () => {
    const script = 'echo applying 003.sql; echo; echo \'ERROR: check constraint "positive" is violated\'; exit 3'
    const run = await migrate(lab, { command: shell(script) })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '3' })
    expect(run.annotations).toEqual([
      {
        level: 'error',
        title: 'deploy-kit ecs-run-migration',
        message:
          "The migration failed: The container app exited with code 3. Read the container's log.\n" +
          'The log ends with:\napplying 003.sql\nERROR: check constraint "positive" is violated',
      },
    ])
    expect(run.summary).toContain('ERROR: check constraint "positive" is violated')
    expect(run.summary).toContain(`| Log | [in CloudWatch](${run.outputs['log-url']}) |`)
  })

  test('a sidecar that is killed afterwards is noted, and does not count', async () => {
    const run = await migrate(lab, {
      service: '',
      'task-definition': 'with-sidecar',
      ...subnets,
      command: shell('sleep 0.2'),
    })
    expect(run.outputs).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' })
    expect(run.exitCode).toBe(0)
  })

  test('an essential sidecar that dies first is named, and its log is shown', async () => {
    const run = await migrate(lab, {
      service: '',
      'task-definition': 'with-fragile-sidecar',
      container: 'app',
      ...subnets,
    })
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '143' })
    expect(failureOf(run)).toBe(
      'The migration failed: The essential container proxy exited with code 3, so ECS stopped the task before app had finished (app exited with 143). ' +
        'Read the log of proxy, or make it not essential in the task definition.\nThe log ends with:\nproxy cannot bind',
    )
    expect(run.log).toContain('::group::Last lines of proxy')
  })

  test.each([
    [{ image: 'missing:latest' }, /^The migration never ran: The image could not be pulled: CannotPullContainerError/],
    [
      { service: '', 'task-definition': 'with-secret', ...subnets },
      /^The migration never ran: The task could not be set up: ResourceInitializationError: .*secret/,
    ],
    [{ command: 'no-such-program' }, /^The migration never ran: The container could not be started: Cannot/],
  ])('a container that never ran is a failure without an exit code, and says why: %j', async (inputs, message) => {
    const run = await migrate(lab, { command: 'true', ...inputs } as Record<string, string>)
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'not-started', 'exit-code': '' })
    expect(failureOf(run)).toMatch(message)
  })

  test('a task that somebody stops is told apart from one that fails', async () => {
    const running = migrate(lab, { command: shell('echo begun; sleep 60 & wait') })
    const arn = await taskWithLog(lab, 'begun')
    await ecs.send(new StopTaskCommand({ cluster: 'production', task: arn, reason: 'by hand' }))
    const run = await running
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'stop-code': 'UserInitiated', 'stopped-reason': 'by hand' })
    expect(failureOf(run)).toMatch(
      /^The migration failed: The task was stopped with StopTask \(by hand\); the container app exited with code 143\. If nobody/,
    )
  })

  test('Spot capacity that is taken back is named, with what to do', async () => {
    const strategy = '[{capacityProvider: FARGATE_SPOT, weight: 1}]'
    const running = migrate(lab, {
      command: shell('echo begun; sleep 60 & wait'),
      'capacity-provider-strategy': strategy,
    })
    await taskWithLog(lab, 'begun')
    lab.ecs.interruptSpotTasks()
    const run = await running
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'stop-code': 'SpotInterruption' })
    expect(failureOf(run)).toContain('Run migrations on capacity that is not Spot: set launch-type to FARGATE.')
  })

  test('RunTask that answers with failures is an error that says why, and nothing ran', async () => {
    lab.ecs.limitCapacity(0)
    const run = await migrate(lab, { command: 'true' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('not-started')
    expect(failureOf(run)).toMatch(/^ECS started no task: Capacity is unavailable at this time.*Nothing ran\./)
    expect(failureOf(run)).toContain('give subnets in other availability zones')
  })
})
