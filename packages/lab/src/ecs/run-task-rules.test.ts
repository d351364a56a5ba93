import {
  ConflictException,
  DeregisterTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionOf, type EcsForTest, network, post, runOf, shell, startEcs, until } from './test-ecs.ts'

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs()
  const long = shell('app', 'sleep 60')
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('long', long)))
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('short', shell('app', 'true'))))
  const bridge = { family: 'bridge', containerDefinitions: [{ ...long, image: 'x:v1', memory: 64 }] }
  await lab.ecs.send(new RegisterTaskDefinitionCommand(bridge))
})
afterAll(() => lab[Symbol.asyncDispose]())

const run = (input: RunTaskCommandInput) => lab.ecs.send(new RunTaskCommand(input))

describe('what RunTask refuses', () => {
  const override = (name: string, length: number) => ({
    containerOverrides: [{ name, environment: [{ name: 'A', value: 'x'.repeat(length) }] }],
  })
  const fargate = [{ capacityProvider: 'FARGATE', weight: 1 }]
  const cases: readonly (readonly [string, Partial<RunTaskCommandInput>, string])[] = [
    // "You can specify up to 10 tasks for each call." (RunTask, count)
    ['eleven tasks at once', { count: 11 }, 'count must be between 1 and 10'],
    // "A total of 8192 characters are allowed for overrides." (RunTask, overrides)
    ['overrides of more than 8192 characters', { overrides: override('app', 8192) }, 'at most 8192'],
    ['an override for no container', { overrides: override('web', 1) }, 'not a container in the TaskDefinition'],
    // "Up to 128 letters (uppercase and lowercase), numbers, hyphens (-), forward slash (/), and underscores (_) are
    // allowed." (RunTask, startedBy)
    ['a startedBy with a colon', { startedBy: 'deploy:1' }, 'startedBy'],
    ['a startedBy of 129 characters', { startedBy: 'x'.repeat(129) }, 'startedBy'],
    // "If a capacityProviderStrategy is specified, the launchType parameter must be omitted." (RunTask)
    ['both ways to say on what', { capacityProviderStrategy: fargate }, 'Specifying both a launch type and capacity'],
    [
      'more than 20 capacity providers',
      { launchType: undefined, capacityProviderStrategy: Array(21).fill(fargate[0]) },
      'more than 20',
    ],
    // "This parameter is required for task definitions that use the awsvpc network mode" (RunTask, networkConfiguration)
    ['awsvpc without a network', { networkConfiguration: undefined }, 'Network Configuration must be provided'],
    ['blanks around a subnet', { networkConfiguration: { awsvpcConfiguration: { subnets: [' subnet-1'] } } }, 'subnet'],
    // "and it isn't supported for other network modes" (RunTask, networkConfiguration)
    [
      'a network without awsvpc',
      { taskDefinition: 'bridge', launchType: 'EC2' },
      'not valid for the given networkMode',
    ],
    ['Fargate for what is not made for it', { taskDefinition: 'bridge', networkConfiguration: undefined }, 'FARGATE'],
    // "An error will be received if you specify the SERVICE option when running a task." (RunTask, propagateTags)
    ['tags from a service', { propagateTags: 'SERVICE' }, 'propagateTags'],
    // "The client token can be up to 64 ASCII characters in the range of 33-126 (inclusive)." (Ensuring idempotency)
    ['a client token with a blank', { clientToken: 'a b' }, 'clientToken'],
    ['a client token of 65 characters', { clientToken: 'x'.repeat(65) }, 'clientToken'],
    ['51 tags', { tags: Array.from({ length: 51 }, (_, i) => ({ key: `k${i}`, value: '' })) }, 'at most 50'],
    ['a tag that is reserved', { tags: [{ key: 'aws:x', value: '' }] }, 'reserved'],
  ]

  test.each(cases)('%s', async (_what, change, message) => {
    await expect(run({ ...runOf('long'), ...change })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(message),
    })
  })

  test('a cluster, or a definition, that is not there', async () => {
    await expect(run({ ...runOf('long'), cluster: 'none' })).rejects.toMatchObject({ name: 'ClusterNotFoundException' })
    await expect(run(runOf('none'))).rejects.toMatchObject({ name: 'ClientException' })
    const platform = { ...runOf('long'), platformVersion: '9.9.9' }
    await expect(run(platform)).rejects.toMatchObject({ name: 'PlatformUnknownException' })
  })

  // "You can't use an INACTIVE task definition to run new tasks" (DeregisterTaskDefinition)
  test('an INACTIVE definition', async () => {
    await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('retired', shell('app', 'true'))))
    await lab.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'retired:1' }))

    await expect(run(runOf('retired:1'))).rejects.toMatchObject({
      name: 'ClientException',
      message: 'TaskDefinition is inactive',
    })
  })
})

test('without launch type and strategy, the default strategy of the cluster decides, and else it is EC2', async () => {
  const onEc2 = { cluster: 'test', taskDefinition: 'long', networkConfiguration: network }
  const { tasks } = await run(onEc2)
  expect(tasks?.[0]).toMatchObject({ launchType: 'FARGATE', capacityProviderName: 'FARGATE', platformVersion: '1.4.0' })

  await post(lab, 'CreateCluster', { clusterName: 'plain' })
  await expect(run({ ...onEc2, cluster: 'plain' })).rejects.toMatchObject({
    message: 'Task definition does not support launch_type EC2.',
  })
})

// "If you retry a request that completed successfully using the same client token and the same parameters, the retry
// succeeds without performing any further actions." (Ensuring idempotency)
test('the same client token with the same parameters starts nothing anew', async () => {
  const input = runOf('long', { clientToken: 'once', startedBy: 'run-1' })
  const first = await run(input)
  const again = await run(input)
  expect(again.tasks?.[0]?.taskArn).toBe(first.tasks?.[0]?.taskArn)
  expect(again.tasks?.[0]?.containers).toHaveLength(1)

  // "Requests with the same token in the same cluster are idempotent." (Ensuring idempotency, Types of idempotency)
  await post(lab, 'CreateCluster', { clusterName: 'other' })
  const elsewhere = await run({ ...input, cluster: 'other' })
  expect(elsewhere.tasks?.[0]?.taskArn).not.toBe(first.tasks?.[0]?.taskArn)
})

// With the same client token and other parameters, the request fails with a ConflictException. (Ensuring idempotency)
test('the same client token with other parameters is a conflict that names the tasks there are', async () => {
  const first = await run(runOf('long', { clientToken: 'taken', count: 2 }))

  const error = await run(runOf('short', { clientToken: 'taken' })).catch((error: unknown) => error)

  expect(error).toBeInstanceOf(ConflictException)
  const arns = first.tasks?.map(({ taskArn }) => taskArn)
  expect(error).toMatchObject({ resourceIds: arns })
})

test('a replayed task that has stopped is answered with its ARN and statuses only, until an hour is over', async () => {
  const input = runOf('short', { clientToken: 'short-lived' })
  const { tasks } = await run(input)
  const arn = tasks?.[0]?.taskArn
  await lab.untilTask(arn, ({ lastStatus }) => lastStatus === 'STOPPED')

  // Of a task that has stopped, only ARN, last status and desired status come back. (Ensuring idempotency)
  const replayed = await post(lab, 'RunTask', input)
  expect(replayed.tasks).toEqual([{ taskArn: arn, lastStatus: 'STOPPED', desiredStatus: 'STOPPED' }])

  // A token lives for 24 hours, or for the task's life and an hour more, whichever is less. (Ensuring idempotency)
  lab.service.forgetStoppedTasks()
  const anew = await run(input)
  expect(anew.tasks?.[0]?.taskArn).not.toBe(arn)
  const { failures } = await lab.ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks: [arn ?? ''] }))
  expect(failures).toEqual([{ arn, reason: 'MISSING' }])
})

// "The tasks that were successfully placed … Any failures associated with the call." (RunTask, response)
test('capacity that is not there is a failure in an answer with status 200', async () => {
  await using own = await startEcs()
  await own.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('long', shell('app', 'sleep 60'))))
  own.service.limitCapacity(2)

  const { tasks, failures, $metadata } = await own.ecs.send(new RunTaskCommand(runOf('long', { count: 3 })))

  expect($metadata.httpStatusCode).toBe(200)
  expect(tasks).toHaveLength(2)
  expect(failures).toEqual([
    { arn: expect.stringContaining('cluster/test'), reason: expect.stringContaining('Capacity is unavailable') },
  ])
})

// "The Amazon ECS API follows an eventual consistency model. … the result of an API command you run … might not be
// immediately visible to all subsequent commands you run." (RunTask)
test('right after RunTask a task is MISSING for a moment', async () => {
  await using own = await startEcs({ visibilityDelaySeconds: 60 })
  await own.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('long', shell('app', 'sleep 60'))))
  const { tasks = [] } = await own.ecs.send(new RunTaskCommand(runOf('long')))
  const arn = tasks[0]?.taskArn ?? ''
  const described = { cluster: 'test', tasks: [arn] }

  const early = await own.ecs.send(new DescribeTasksCommand(described))
  const listed = await own.ecs.send(new ListTasksCommand({ cluster: 'test' }))
  const stop = own.ecs.send(new StopTaskCommand({ cluster: 'test', task: arn }))

  expect(early).toMatchObject({ tasks: [], failures: [{ arn, reason: 'MISSING' }] })
  expect(listed.taskArns).toEqual([])
  await expect(stop).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'The referenced task was not found.',
  })
  await until(async () => (await own.ecs.send(new DescribeTasksCommand(described))).tasks?.length === 1)
})

test('a task has the tags it was given, those of its definition when asked for, and loses them when it is stopped', async () => {
  const definition = { ...definitionOf('labelled', shell('app', 'sleep 60')), tags: [{ key: 'team', value: 'a' }] }
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definition))
  const { tasks } = await run(
    runOf('labelled', { tags: [{ key: 'key', value: 'b' }], propagateTags: 'TASK_DEFINITION', startedBy: 'x/y_z-1' }),
  )
  const arn = tasks?.[0]?.taskArn
  const found = await lab.untilTask(arn, ({ lastStatus }) => lastStatus === 'RUNNING')
  expect(found).toMatchObject({ tags: [], startedBy: 'x/y_z-1' })
  const described = await lab.ecs.send(
    new DescribeTasksCommand({ cluster: 'test', tasks: [arn ?? ''], include: ['TAGS'] }),
  )
  expect(described.tasks?.[0]?.tags).toEqual([
    { key: 'team', value: 'a' },
    { key: 'key', value: 'b' },
  ])

  // "Any tags associated with the task will be deleted." (StopTask)
  const stopped = await lab.ecs.send(new StopTaskCommand({ cluster: 'test', task: arn }))
  expect(stopped.task).toMatchObject({ desiredStatus: 'STOPPED', tags: [] })
})
