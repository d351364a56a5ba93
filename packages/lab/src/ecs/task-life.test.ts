import {
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionOf, type EcsForTest, imageOf, runOf, shell, startEcs, until } from './test-ecs.ts'

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs()
})
afterAll(() => lab[Symbol.asyncDispose]())

const isStopped = ({ lastStatus }: Task) => lastStatus === 'STOPPED'
const isRunning = ({ lastStatus }: Task) => lastStatus === 'RUNNING'

async function run(family: string, ...containers: readonly object[]): Promise<string> {
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf(family, ...containers)))
  const { tasks } = await lab.ecs.send(new RunTaskCommand(runOf(family)))
  return tasks?.[0]?.taskArn ?? ''
}

const stop = (task: string) => lab.ecs.send(new StopTaskCommand({ cluster: 'test', task }))
const runToEnd = async (family: string, ...containers: readonly object[]) =>
  lab.untilTask(await run(family, ...containers), isStopped)

const container = (task: Task, name: string) => task.containers?.find((found) => found.name === name)
const lines = (task: Task, name: string) => lab.linesOf(`t/${name}/${task.taskArn?.split('/').at(-1)}`)

test.concurrent('a task goes through the states in their order, and its times say when', async () => {
  const task = await runToEnd('states', shell('app', 'true'))

  // (Amazon ECS task lifecycle)
  const states = lab.server.journal
    .entries()
    .flatMap((entry) => (entry.kind === 'change' && entry.resource === task.taskArn ? [entry.to] : []))
  const onTheWayUp = ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING']
  expect(states).toEqual([...onTheWayUp, 'DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED'])
  const { createdAt, pullStartedAt, pullStoppedAt, startedAt, stoppingAt, executionStoppedAt, stoppedAt } = task
  const times = [createdAt, pullStartedAt, pullStoppedAt, startedAt, stoppingAt, executionStoppedAt, stoppedAt]
  expect(times.map((time) => time?.getTime())).toEqual(times.map((time) => time?.getTime()).toSorted())
  expect(task.version).toBeGreaterThan(states.length)
})

test.concurrent('the environment is the image’s, the definition’s and the override’s, and nothing of the lab’s own', async () => {
  const environment = [
    { name: 'FROM_DEFINITION', value: 'd' },
    { name: 'BOTH', value: 'definition' },
  ]
  await lab.ecs.send(
    new RegisterTaskDefinitionCommand(
      definitionOf('environment', { ...shell('app', 'env'), image: imageOf('v7'), environment }),
    ),
  )
  const override = { name: 'app', environment: [{ name: 'BOTH', value: 'override' }] }
  const { tasks } = await lab.ecs.send(
    new RunTaskCommand(runOf('environment', { overrides: { containerOverrides: [override] } })),
  )
  const task = await lab.untilTask(tasks?.[0]?.taskArn, isStopped)

  const names = lines(task, 'app').map((line) => line.split('=')[0])
  expect(lines(task, 'app')).toEqual(
    expect.arrayContaining(['APP_VERSION=v7', 'FROM_DEFINITION=d', 'BOTH=override', 'AWS_REGION=eu-central-1']),
  )
  expect(names).not.toContain('HOME')
  expect(names).not.toContain('AWS_ACCESS_KEY_ID')
})

describe.concurrent('several containers', () => {
  // "If the essential parameter of a container is marked as true, and that container fails or stops for any reason, all
  // other containers that are part of the task are stopped." (ContainerDefinition, essential)
  test('an essential one that ends takes the others with it: SIGTERM, and SIGKILL for what does not listen', async () => {
    const task = await runToEnd(
      'sidecars',
      shell('app', 'sleep 0.3; exit 0'),
      { ...shell('polite', 'exec sleep 60'), essential: false },
      { ...shell('deaf', "trap '' TERM; while :; do sleep 0.1; done"), essential: false },
    )

    expect(task).toMatchObject({ stopCode: 'EssentialContainerExited' })
    const codes = ['app', 'polite', 'deaf'].map((name) => container(task, name)?.exitCode)
    expect(codes).toEqual([0, 143, 137])
  })

  test('one that is not essential may end, or not even start, while the task runs on', async () => {
    const arn = await run(
      'unessential',
      shell('app', 'sleep 60'),
      { ...shell('short', 'exit 4'), essential: false },
      { name: 'broken', command: ['no-such-command'], essential: false },
    )

    const task = await lab.untilTask(arn, (task) => isRunning(task) && container(task, 'short')?.exitCode === 4)
    expect(container(task, 'broken')).toMatchObject({ lastStatus: 'STOPPED' })
    expect(container(task, 'broken')?.exitCode).toBeUndefined()
    await stop(arn)
  })

  // "SUCCESS - This condition is the same as COMPLETE, but it also requires that the container exits with a zero status."
  // (ContainerDependency)
  test('one that depends on the success of another starts after it, or never', async () => {
    const app = { ...shell('app', 'date +%s%N'), dependsOn: [{ containerName: 'first', condition: 'SUCCESS' }] }
    const first = (code: number) => ({
      ...shell('first', `sleep 0.2; date +%s%N; exit ${code}`),
      essential: false,
    })
    const [good, bad] = await Promise.all([
      runToEnd('first-works', app, first(0)),
      runToEnd('first-fails', app, first(1)),
    ])

    expect(Number(lines(good, 'app')[0])).toBeGreaterThan(Number(lines(good, 'first')[0]))
    expect(bad).toMatchObject({ stopCode: 'TaskFailedToStart' })
    expect(container(bad, 'first')?.exitCode).toBe(1)
    expect(container(bad, 'app')?.exitCode).toBeUndefined()
    expect(container(bad, 'app')?.reason).toContain('first')
  })

  // "If a startTimeout value is specified for containerB and it doesn't reach the desired status within that time then
  // containerA gives up and not start." (ContainerDefinition, startTimeout)
  test('one that depends on another gives up when the start timeout of that is over', async () => {
    const task = await runToEnd(
      'gives-up',
      { ...shell('app', 'true'), dependsOn: [{ containerName: 'first', condition: 'COMPLETE' }] },
      { ...shell('first', 'exec sleep 60'), essential: false, startTimeout: 120 },
    )

    expect(task).toMatchObject({ stopCode: 'TaskFailedToStart' })
    expect(container(task, 'app')?.reason).toContain('did not become COMPLETE')
  })

  // "HEALTHY - This condition validates that the dependent container passes its Docker health check before permitting
  // other containers to start." (ContainerDependency)
  test('one that depends on the health of another waits for its health check', async () => {
    const task = await runToEnd(
      'waits-for-health',
      { ...shell('app', 'true'), dependsOn: [{ containerName: 'database', condition: 'HEALTHY' }] },
      {
        ...shell('database', 'sleep 0.2; touch "/tmp/ready-$ID"; sleep 60'),
        environment: [{ name: 'ID', value: String(process.pid) }],
        healthCheck: { command: ['CMD-SHELL', 'test -f "/tmp/ready-$ID" && rm "/tmp/ready-$ID"'], interval: 5 },
        essential: false,
      },
    )

    expect(container(task, 'app')?.exitCode).toBe(0)
    expect(container(task, 'database')?.healthStatus).toBe('HEALTHY')
  })
})

describe.concurrent('a task that fails to start', () => {
  // "A container that never ran has no exit code" (seen on the wire); CannotPullContainer task errors in Amazon ECS
  test('because its image cannot be pulled', async () => {
    const task = await runToEnd('no-image', { name: 'app', image: imageOf('unknown') }, shell('other', 'true'))

    expect(task).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringContaining('CannotPullContainerError'),
    })
    expect(task.startedAt).toBeUndefined()
    expect(container(task, 'app')).toMatchObject({ reason: expect.stringContaining('unknown: not found') })
    expect(task.containers?.map(({ exitCode, lastStatus }) => [exitCode, lastStatus])).toEqual([
      [undefined, 'STOPPED'],
      [undefined, 'STOPPED'],
    ])
  })

  test('because its command does not exist', async () => {
    const task = await runToEnd('no-command', { name: 'app', image: imageOf('missing-1') })

    expect(task.stopCode).toBe('TaskFailedToStart')
    expect(container(task, 'app')?.reason).toMatch(/^CannotStartContainerError: .*executable file not found in \$PATH/)
    expect(container(task, 'app')?.exitCode).toBeUndefined()
  })

  // (Troubleshooting Amazon ECS ResourceInitializationError errors)
  test('because its log group does not exist, unless the driver may create it', async () => {
    const logging = (options: object) => ({
      logConfiguration: {
        logDriver: 'awslogs',
        options: {
          'awslogs-group': '/new',
          'awslogs-region': 'eu-central-1',
          'awslogs-stream-prefix': 't',
          ...options,
        },
      },
    })
    const refused = await runToEnd('no-group', { ...shell('app', 'true'), ...logging({}) })
    expect(refused.stoppedReason).toMatch(/^ResourceInitializationError: .*ResourceNotFoundException/)

    const creating = logging({ 'awslogs-create-group': 'true' })
    const created = await runToEnd('new-group', { ...shell('app', 'echo hello'), ...creating })
    expect(created.stopCode).toBe('EssentialContainerExited')
    const stream = lab.logs.stream('/new', `t/app/${created.taskArn?.split('/').at(-1)}`)
    expect(stream.events.map(({ message }) => message)).toEqual(['hello'])
  })

  test('because a secret cannot be found', async () => {
    const secrets = [{ name: 'PASSWORD', valueFrom: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:db' }]
    const task = await runToEnd('no-secret', { ...shell('app', 'true'), secrets })

    expect(task.stoppedReason).toMatch(/^ResourceInitializationError: unable to pull secrets .*secret:db/)
  })
})

test.concurrent('a task that is stopped before it runs never runs', async () => {
  const arn = await run('early', shell('app', 'echo started; sleep 60'))
  await lab.untilTask(arn, () => true)
  await stop(arn)

  const task = await lab.untilTask(arn, isStopped)
  expect(task).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' })
  expect(container(task, 'app')?.exitCode).toBeUndefined()
})

test.concurrent('a process that something else than ECS kills with SIGKILL was killed for its memory', async () => {
  const task = await runToEnd('memory', shell('app', 'kill -9 $$'))

  expect(container(task, 'app')).toMatchObject({ exitCode: 137, reason: expect.stringContaining('OutOfMemoryError') })
})

test.concurrent('a task on spare capacity can lose it', async () => {
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('spot', shell('app', 'exec sleep 60'))))
  const spot = [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }]
  const { tasks } = await lab.ecs.send(
    new RunTaskCommand(runOf('spot', { launchType: undefined, capacityProviderStrategy: spot })),
  )
  const arn = tasks?.[0]?.taskArn
  await lab.untilTask(arn, isRunning)

  lab.service.interruptSpotTasks()

  expect(await lab.untilTask(arn, isStopped)).toMatchObject({ stopCode: 'SpotInterruption' })
})

describe.concurrent('output', () => {
  test('is complete, in order and in the log before the task is STOPPED', async () => {
    const task = await runToEnd('chatty', shell('app', 'seq 1 100000'))

    const written = lines(task, 'app')
    expect(written).toHaveLength(100_000)
    expect(written.every((line, index) => line === String(index + 1))).toBe(true)
  })

  // An event is at most 256 KB with the 26 bytes that are counted for each. (PutLogEvents)
  test('a line that is longer than an event is cut, not lost, and characters stay whole', async () => {
    const script = 'console.log("é".repeat(200_000)); console.log(""); console.log("end")'
    const task = await runToEnd('long-lines', { name: 'app', command: ['node', '-e', script] })

    const written = lines(task, 'app')
    expect(written.at(-1)).toBe('end')
    expect(written.slice(0, -1).join('')).toBe('é'.repeat(200_000))
    expect(Math.max(...written.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(262_144 - 26)
  })

  // "prefix-name/container-name/ecs-task-id" (Send Amazon ECS logs to CloudWatch)
  test('without a stream prefix nobody can tell the name of the stream', async () => {
    const options = { 'awslogs-group': '/ecs/test', 'awslogs-region': 'eu-central-1' }
    const task = await runToEnd('unnamed', {
      ...shell('app', 'echo here'),
      logConfiguration: { logDriver: 'awslogs', options },
    })

    expect(lab.linesOf(container(task, 'app')?.runtimeId ?? '')).toEqual(['here'])
  })
})

describe.concurrent('ListTasks and DescribeTasks', () => {
  const list = async (input: object) =>
    (await lab.ecs.send(new ListTasksCommand({ cluster: 'test', ...input }))).taskArns
  const describeArns = (tasks: string[]) => lab.ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks }))

  test('lists tasks by what they shall be, which is RUNNING unless STOPPED is asked for', async () => {
    const going = await run('listed', shell('app', 'sleep 60'))
    const gone = await run('listed', shell('app', 'true'))
    await lab.untilTask(gone, isStopped)
    await lab.untilTask(going, isRunning)

    // "The default status filter is RUNNING, which shows tasks that Amazon ECS has set the desired status to RUNNING."
    expect(await list({ family: 'listed' })).toEqual([going])
    expect(await list({ family: 'listed', desiredStatus: 'STOPPED' })).toEqual([gone])
    // "Although you can filter results based on a desired status of PENDING, this doesn't return any results."
    expect(await list({ family: 'listed', desiredStatus: 'PENDING' })).toEqual([])
    await stop(going)
  })

  // "When you specify startedBy as the filter, it must be the only filter that you use." (ListTasks, startedBy)
  test('finds what somebody started, by that alone', async () => {
    await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('mine', shell('app', 'sleep 60'))))
    const { tasks } = await lab.ecs.send(new RunTaskCommand(runOf('mine', { startedBy: 'me/1', count: 3 })))
    const arns = tasks?.map(({ taskArn }) => taskArn ?? '') ?? []
    await until(async () => (await describeArns(arns)).tasks?.length === 3)

    expect(await list({ startedBy: 'me/1' })).toEqual(arns)
    await expect(list({ startedBy: 'me/1', family: 'mine' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    })
    const first = await lab.ecs.send(new ListTasksCommand({ cluster: 'test', startedBy: 'me/1', maxResults: 2 }))
    const rest = await list({ startedBy: 'me/1', maxResults: 2, nextToken: first.nextToken })
    expect([...(first.taskArns ?? []), ...(rest ?? [])]).toEqual(arns)
    await Promise.all(arns.map(stop))
  })

  // "A list of up to 100 task IDs or full ARN entries." (DescribeTasks, tasks)
  test('describes up to 100 tasks, by ID or ARN; what is not there is MISSING', async () => {
    const arn = await run('described', shell('app', 'true'))
    await lab.untilTask(arn, isStopped)
    const id = arn.split('/').at(-1) ?? ''

    expect((await describeArns([id])).tasks?.[0]?.taskArn).toBe(arn)
    const none = `${arn.slice(0, -2)}zz`
    expect((await describeArns([none])).failures).toEqual([{ arn: none, reason: 'MISSING' }])
    await expect(describeArns(Array(101).fill(id))).rejects.toMatchObject({ name: 'InvalidParameterException' })
    await expect(describeArns([])).rejects.toMatchObject({ message: 'Tasks cannot be empty.' })
    const elsewhere = arn.replace('/test/', '/other/')
    await expect(describeArns([elsewhere])).rejects.toMatchObject({
      message: 'Identifier is for other. Your cluster is test',
    })
    await expect(list({ serviceName: 'none' })).rejects.toMatchObject({ name: 'ServiceNotFoundException' })
  })
})
