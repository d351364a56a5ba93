import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs'
import type { MemoryRun } from '@deploy-kit/core/testing/memory-platform'
import type { RequestEntry } from '@deploy-kit/lab/journal'
import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { imageOf, migrate, shell, startMigrationLab } from './testing/migration-lab.ts'

let lab: Lab
let ecs: ECSClient

beforeAll(async () => {
  lab = await startMigrationLab()
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  ecs = new ECSClient({ region: 'eu-central-1' })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
})
afterEach(() => {
  lab.faults.clear()
  lab.ecs.limitCapacity(Number.POSITIVE_INFINITY)
})

/** The step's one error annotation. */
function failureOf({ annotations }: MemoryRun): string | undefined {
  return annotations.find(({ level }) => level === 'error')?.message
}

const lastRunTask = (): RequestEntry['input'] & Record<string, unknown> =>
  lab.journal.requests('ecs', 'RunTask').at(-1)?.input as never
const network = { subnets: 'subnet-0a1b2c3d4e5f60718' }

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
  })

  test('a sidecar that is killed afterwards is noted, and does not count', async () => {
    const run = await migrate(lab, {
      service: '',
      'task-definition': 'with-sidecar',
      ...network,
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
      ...network,
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
      { service: '', 'task-definition': 'with-secret', ...network },
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
    const arn = await taskWithLog('begun')
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
    await taskWithLog('begun')
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
  })
})

/** The ARN of the task that is started next, as soon as its log was read as far as the line. */
async function taskWithLog(line: string): Promise<string> {
  const from = lab.journal.entries().length
  return vi.waitFor(
    () => {
      const entries = lab.journal.entries().slice(from)
      const answers = (operation: string) =>
        entries.flatMap((entry) =>
          entry.kind === 'request' && entry.operation === operation && entry.outcome.kind === 'answered'
            ? [entry.outcome.output]
            : [],
        )
      expect(JSON.stringify(answers('GetLogEvents'))).toContain(`"${line}"`)
      return (answers('RunTask')[0] as { tasks: { taskArn: string }[] }).tasks[0]?.taskArn ?? ''
    },
    { interval: 5, timeout: 10_000 },
  )
}

async function statusOf(arn: string): Promise<string | undefined> {
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: 'production', tasks: [arn] }))
  return tasks?.[0]?.desiredStatus
}

describe('what is run', () => {
  test('network, launch type and platform version come from the service', async () => {
    await migrate(lab, { command: 'true', environment: 'STEP=migrate\nEMPTY=' })
    expect(lastRunTask()).toMatchObject({
      cluster: 'production',
      count: 1,
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['subnet-0a1b2c3d4e5f60718', 'subnet-08172635445362718'],
          securityGroups: ['sg-0f1e2d3c4b5a69788'],
          assignPublicIp: 'DISABLED',
        },
      },
      overrides: {
        containerOverrides: [
          {
            name: 'app',
            command: ['true'],
            environment: [
              { name: 'STEP', value: 'migrate' },
              { name: 'EMPTY', value: '' },
            ],
          },
        ],
      },
    })
  })

  test('inputs win over the service, blanks around items are dropped, and every task carries our tags', async () => {
    await migrate(
      lab,
      {
        command: `node -e "process.exit(0)"`,
        subnets: 'subnet-0aaa, subnet-0bbb',
        'security-groups': 'sg-0ccc',
        'assign-public-ip': 'true',
        'launch-type': 'FARGATE',
      },
      { runId: '4711' },
    )
    expect(lastRunTask()).toMatchObject({
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['subnet-0aaa', 'subnet-0bbb'],
          securityGroups: ['sg-0ccc'],
          assignPublicIp: 'ENABLED',
        },
      },
      overrides: { containerOverrides: [{ command: ['node', '-e', 'process.exit(0)'] }] },
      startedBy: expect.stringMatching(/^deploy-kit\/[0-9a-f]{40}$/),
      clientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
      tags: expect.arrayContaining([
        { key: 'deploy-kit:repository', value: 'org/ledger' },
        { key: 'deploy-kit:run', value: '4711' },
        { key: 'deploy-kit:sha', value: 'abc123' },
      ]),
    })
  })

  test('a definition of another network mode gets no network', async () => {
    await migrate(lab, { service: '', 'task-definition': 'on-bridge', 'launch-type': 'EC2', command: 'true' })
    expect(lastRunTask()).not.toHaveProperty('networkConfiguration')
  })

  test('an image is a new revision with everything else kept, tags too, and the next run uses it again', async () => {
    const image = imageOf('v2')
    await migrate(lab, { command: 'true', image })
    const first = lastRunTask().taskDefinition as string
    await migrate(lab, { command: 'true', image })
    expect(lastRunTask().taskDefinition).toBe(first)
    const { taskDefinition, tags } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: first, include: ['TAGS'] }),
    )
    expect(taskDefinition?.containerDefinitions?.[0]?.image).toBe(image)
    expect(taskDefinition?.taskRoleArn).toBe('arn:aws:iam::123456789012:role/ledger-task')
    expect(tags).toEqual([{ key: 'team', value: 'ledger' }])
    const { taskDefinitionArns } = await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'ledger' }))
    await migrate(lab, { command: 'true', image: imageOf('v1') })
    expect((await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'ledger' }))).taskDefinitionArns).toEqual(
      taskDefinitionArns,
    )
  })

  test('a dry run reads and checks, says what would be run, and sends nothing that changes anything', async () => {
    const from = lab.journal.entries().length
    const run = await migrate(lab, { command: 'node migrate.js', image: imageOf('v9'), 'dry-run': 'true' })
    expect(run.exitCode).toBe(0)
    expect(run.log).toContain(
      'dry run: would run a revision of ledger that is reused or registered, container app, command ["node","migrate.js"], in cluster production',
    )
    expect(run.summary).toContain(imageOf('v9'))
    const sent = lab.journal.entries().slice(from)
    const operations = sent.flatMap((entry) => (entry.kind === 'request' ? [entry.operation] : []))
    expect(operations.filter((operation) => !/^(Describe|List)/.test(operation))).toEqual([])
  })

  test.each([
    [{ service: 'nowhere' }, 'The service nowhere does not exist in cluster production.'],
    [{ service: '', 'task-definition': 'nothing:7', ...network }, 'There is no task definition nothing:7'],
    [{ container: 'web' }, 'The task definition ledger has no container web; it has app.'],
    [
      { service: '', 'task-definition': 'two-essential', ...network },
      'The task definition two-essential has 2 essential containers (app, worker), so it has to be said which one is meant.',
    ],
    [{ service: '', 'task-definition': 'ledger' }, 'subnets: are required, because ledger has network mode awsvpc'],
    [
      { service: '', 'task-definition': 'on-bridge', ...network },
      'subnets: the task definition on-bridge has network mode bridge',
    ],
    [{ cluster: 'nowhere' }, 'it does not exist in this account and region'],
  ])('what does not fit what is there is refused before anything runs: %j', async (inputs, message) => {
    const before = lab.journal.requests('ecs', 'RunTask').length
    const run = await migrate(lab, inputs as Record<string, string>)
    expect(run.exitCode).toBe(1)
    expect(failureOf(run)).toContain(message)
    expect(lab.journal.requests('ecs', 'RunTask')).toHaveLength(before)
  })
})

describe('cancel and time', () => {
  test('a cancellation stops the task at once, and the outcome is written', async () => {
    const cancelled = new AbortController()
    const running = migrate(lab, { command: shell('echo begun; sleep 60 & wait') }, { signal: cancelled.signal })
    const arn = await taskWithLog('begun')
    cancelled.abort()
    const run = await running
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'cancelled', 'task-arn': arn })
    expect(failureOf(run)).toMatch(/^Cancelled while the task was RUNNING\. It was told to stop/)
    expect(await statusOf(arn)).toBe('STOPPED')
  })

  test('with on-cancel detach the task goes on, and it is said how to follow it', async () => {
    const cancelled = new AbortController()
    const inputs = { command: shell('echo begun; sleep 60 & wait'), 'on-cancel': 'detach' }
    const running = migrate(lab, inputs, { signal: cancelled.signal })
    const arn = await taskWithLog('begun')
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
      const running = migrate(lab, { command: shell('sleep 60 & wait') }, { signal: cancelled.signal })
      await vi.waitFor(() => expect(lab.journal.requests('ecs', 'RunTask').length).toBeGreaterThan(before), {
        interval: 1,
      })
      cancelled.abort()
      const run = await running
      expect(run.exitCode).toBe(1)
      expect(run.outputs.outcome).toBe('cancelled')
      expect(failureOf(run)).toMatch(/^Cancelled/)
      const { startedBy } = lastRunTask() as { startedBy?: string }
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
    const run = await migrate(lab, { command: shell('echo half of it; sleep 60 & wait'), timeout: '30s' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('timed-out')
    expect(failureOf(run)).toMatch(
      /^The task was RUNNING at the deadline\. It was told to stop \(SIGTERM, then SIGKILL after its stopTimeout\)\.\nThe log ends with:\nhalf of it$/,
    )
    expect(await statusOf(run.outputs['task-arn'] ?? '')).toBe('STOPPED')
  })

  test('a task that does not start in time is not-started and stopped, whatever start-timeout is', async () => {
    const run = await migrate(lab, { command: 'true', 'start-timeout': '1ms' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'not-started', 'exit-code': '', 'stop-code': 'UserInitiated' })
    expect(failureOf(run)).toMatch(/^The task did not start within start-timeout: it was/)
  })

  test('a deadline that no answer comes before is a timeout too, and the task is stopped', async () => {
    const running = migrate(lab, { command: shell('echo begun; sleep 60 & wait'), timeout: '60s' })
    await taskWithLog('begun')
    lab.faults.add({ operation: 'DescribeTasks', kind: 'throttle' })
    const run = await running
    lab.faults.clear()
    expect(run.outputs.outcome).toBe('timed-out')
    expect(await statusOf(run.outputs['task-arn'] ?? '')).toBe('STOPPED')
  })
})

describe('the log', () => {
  test('a line that looks like a workflow command is printed and not executed', async () => {
    const run = await migrate(lab, { command: shell('echo before; echo ::set-output name=a::b; echo ::error::x') })
    const at = run.log.indexOf('::set-output name=a::b')
    const stop = run.log.slice(0, at).findLastIndex((line) => line.startsWith('::stop-commands::'))
    const token = run.log[stop]?.slice('::stop-commands::'.length)
    expect(run.log.indexOf(`::${token}::`)).toBeGreaterThan(at)
    expect(run.log.slice(stop, at).filter((line) => line === `::${token}::`)).toEqual([])
  })

  test('tail shows the last lines at the end, none shows nothing', async () => {
    const command = shell('seq 1 80')
    const tail = await migrate(lab, { command, logs: 'tail' })
    expect(tail.log).toContain('::group::Last lines of app')
    expect(tail.log).toContain('80')
    expect(tail.log).not.toContain('30')
    const reads = lab.journal.requests('logs').length
    const none = await migrate(lab, { command, logs: 'none' })
    expect(none.log).not.toContain('80')
    expect(lab.journal.requests('logs')).toHaveLength(reads)
    expect(none.outputs['log-url']).toContain('log-events')
  })

  test('reading that is denied is one warning that names the IAM action, and no failure', async () => {
    const role = 'arn:aws:iam::123456789012:role/deploy'
    lab.policies.put(role, {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'logs:*', Resource: '*' },
      ],
    })
    const run = await migrate(lab, { command: 'true', 'role-to-assume': role })
    lab.policies.remove(role)
    expect(run.exitCode).toBe(0)
    expect(run.annotations).toHaveLength(1)
    expect(run.annotations[0]).toMatchObject({ level: 'warning' })
    expect(run.annotations[0]?.message).toContain('the credentials lack logs:GetLogEvents')
  })

  test.each([
    ['elsewhere', 'No log to show: container app logs with splunk; look there for its output.'],
    [
      'no-prefix',
      'No log to show: container app has no awslogs-stream-prefix, so its stream cannot be told; look in log group /ecs/no-prefix, or add the prefix.',
    ],
    [
      'silent',
      'No log to show: container app has no logConfiguration, so its output is kept on its host at the most; add one with awslogs.',
    ],
  ])('a log that cannot be found is said, with where to look: %s', async (family, line) => {
    const run = await migrate(lab, { service: '', 'task-definition': family, ...network, command: 'true' })
    expect(run.exitCode).toBe(0)
    expect(run.log).toContain(line)
    expect(run.outputs['log-url'] ?? '').toBe('')
  })
})
