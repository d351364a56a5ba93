import {
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteServiceCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServiceDeploymentsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type Service,
  type ServiceDeployment,
  StopServiceDeploymentCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionOf, type EcsForTest, network, shell, startEcs, until } from './test-ecs.ts'

const good = shell('app', 'exec sleep 60')
const bad = shell('app', 'echo broken >&2; exit 3')
/** Runs, and never gets healthy. */
const slow = { ...good, healthCheck: { command: ['CMD', 'false'], interval: 300 } }
const breaker = (rollback: boolean) => ({ deploymentCircuitBreaker: { enable: true, rollback } })

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs()
})
afterAll(() => lab[Symbol.asyncDispose]())

async function register(family: string, container: object): Promise<string> {
  const { taskDefinition } = await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf(family, container)))
  return taskDefinition?.taskDefinitionArn ?? ''
}

/** A service of one task, named like its family, that runs its first revision. */
async function create(name: string, container: object, more: Partial<CreateServiceCommandInput> = {}) {
  const input = { cluster: 'test', serviceName: name, taskDefinition: await register(name, container), desiredCount: 1 }
  const launch = { launchType: 'FARGATE' as const, networkConfiguration: network }
  await lab.ecs.send(new CreateServiceCommand({ ...input, ...launch, ...more }))
}

async function deploy(service: string, container: object): Promise<string> {
  const taskDefinition = await register(service, container)
  const { service: updated } = await lab.ecs.send(
    new UpdateServiceCommand({ cluster: 'test', service, taskDefinition }),
  )
  return updated?.currentServiceDeployment ?? ''
}

async function describeOne(name: string): Promise<Service> {
  const { services = [] } = await lab.ecs.send(new DescribeServicesCommand({ cluster: 'test', services: [name] }))
  return services[0]!
}

const untilService = (name: string, holds: (service: Service) => boolean) =>
  until(async () => {
    const service = await describeOne(name)
    return holds(service) && service
  })

const isSteady = ({ deployments = [], events = [] }: Service) =>
  deployments.length === 1 &&
  deployments[0]?.rolloutState === 'COMPLETED' &&
  events[0]?.message?.includes('steady') === true

async function describeDeployment(arn: string): Promise<ServiceDeployment> {
  const { serviceDeployments = [] } = await lab.ecs.send(
    new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }),
  )
  return serviceDeployments[0]!
}

const listDeployments = async (service: string, more: object = {}) =>
  (await lab.ecs.send(new ListServiceDeploymentsCommand({ cluster: 'test', service, ...more }))).serviceDeployments ??
  []

const stopDeployment = (serviceDeploymentArn: string, stopType?: 'ABORT' | 'ROLLBACK') =>
  lab.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType }))

/** Every status that a service deployment went through. */
function statusesOf(arn: string): readonly string[] {
  const changes = lab.server.journal.entries().filter((entry) => entry.kind === 'change' && entry.resource === arn)
  return changes.flatMap((entry) => (entry.kind === 'change' ? [entry.to] : []))
}

const messages = ({ events = [] }: Service) => events.map(({ message = '' }) => message)

test.concurrent('a release replaces the tasks, and is SUCCESSFUL when the old ones are gone', async () => {
  await create('released', good)
  const before = await untilService('released', isSteady)

  const arn = await deploy('released', good)

  const started = await describeOne('released')
  expect(started.deployments).toMatchObject([
    { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', taskDefinition: expect.stringMatching(/released:2$/) },
    { status: 'ACTIVE', rolloutState: 'COMPLETED', id: before.deployments?.[0]?.id, runningCount: 1 },
  ])
  expect(started.deployments?.[0]?.rolloutStateReason).toMatch(/^ECS deployment ecs-svc\/\d+ in progress\.$/)

  await untilService('released', isSteady)
  const deployment = await describeDeployment(arn)
  expect(deployment).toMatchObject({ status: 'SUCCESSFUL', finishedAt: expect.any(Date), startedAt: expect.any(Date) })
  expect(statusesOf(arn)).toEqual(['IN_PROGRESS', 'SUCCESSFUL'])
  const arns = [deployment.targetServiceRevision?.arn ?? '', deployment.sourceServiceRevisions?.[0]?.arn ?? '']
  const revisions = await lab.ecs.send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: arns }))
  expect(revisions.serviceRevisions?.map(({ taskDefinition }) => taskDefinition?.split('/').at(-1))).toEqual([
    'released:2',
    'released:1',
  ])
})

// "if you use the rollback option, when a service deployment fails, the service is rolled back to the last deployment
// that completed successfully" (DeploymentCircuitBreaker)
test.concurrent('the circuit breaker takes the service back to the last deployment that completed', async () => {
  await create('broken', good, { deploymentConfiguration: breaker(true) })
  const before = await untilService('broken', isSteady)
  const [first] = before.deployments ?? []

  const arn = await deploy('broken', bad)

  const rollingBack = await untilService('broken', ({ deployments }) => deployments?.[0]?.id === first?.id)
  expect(rollingBack.taskDefinition).toBe(first?.taskDefinition)
  expect(rollingBack.deployments?.[0]?.rolloutStateReason).toBe(
    `ECS deployment circuit breaker: rolling back to deploymentId ${first?.id}.`,
  )
  const after = await untilService('broken', isSteady)
  expect(after).toMatchObject({ runningCount: 1, deployments: [{ id: first?.id, rolloutState: 'COMPLETED' }] })
  const failed = messages(after).find((message) => message.includes('deployment failed'))
  expect(failed).toMatch(/^\(service broken\) \(deployment ecs-svc\/\d+\) deployment failed: tasks failed to start\.$/)
  expect(messages(after)).toContain(`(service broken) rolling back to deployment ${first?.id}.`)
  const deployment = await describeDeployment(arn)
  expect(deployment).toMatchObject({
    status: 'ROLLBACK_SUCCESSFUL',
    rollback: {
      reason: 'Service deployment rolled back because the circuit breaker threshold was exceeded.',
      serviceRevisionArn: deployment.sourceServiceRevisions?.[0]?.arn,
    },
    // "a minimum threshold of 3"
    deploymentCircuitBreaker: { status: 'TRIGGERED', failureCount: 3, threshold: 3 },
  })
  expect(statusesOf(arn)).toEqual(['IN_PROGRESS', 'ROLLBACK_IN_PROGRESS', 'ROLLBACK_SUCCESSFUL'])
})

test.concurrent('tasks that died of the new revision can be found among the stopped ones, with their exit codes', async () => {
  await create('examined', good, { deploymentConfiguration: breaker(true) })
  await untilService('examined', isSteady)
  await deploy('examined', bad)
  await untilService('examined', (service) => isSteady(service) && service.taskDefinition?.endsWith(':1') === true)

  const stopped = await lab.ecs.send(
    new ListTasksCommand({ cluster: 'test', serviceName: 'examined', desiredStatus: 'STOPPED' }),
  )
  const { tasks = [] } = await lab.ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks: stopped.taskArns }))
  const dead = tasks.filter(({ taskDefinitionArn }) => taskDefinitionArn?.endsWith(':2'))
  expect(dead.map(({ containers }) => containers?.[0]?.exitCode)).toEqual([3, 3, 3])
  expect(dead[0]).toMatchObject({ stopCode: 'EssentialContainerExited' })
})

// "If the service fails to reach a steady state and circuit breaker is turned on, the deployment transitions to a FAILED
// state. A deployment in FAILED state doesn't launch any new tasks." (Deployment, rolloutState)
test.concurrent('without rollback, a FAILED deployment stays, beside the old tasks that go on', async () => {
  await create('stalled', good, { deploymentConfiguration: breaker(false) })
  await untilService('stalled', isSteady)

  const arn = await deploy('stalled', bad)

  const failed = await untilService('stalled', ({ deployments }) => deployments?.[0]?.rolloutState === 'FAILED')
  expect(failed.deployments).toMatchObject([
    { status: 'PRIMARY', rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.', failedTasks: 3 },
    { status: 'ACTIVE', runningCount: 1 },
  ])
  // "The rollback option is not in use for the failure detection mechanism … and the service fails." (stoppedAt)
  expect(await describeDeployment(arn)).toMatchObject({ status: 'STOPPED', stoppedAt: expect.any(Date) })

  await deploy('stalled', good)
  await untilService('stalled', isSteady)
})

test.concurrent('a stalled service can be scaled in, and deleted', async () => {
  await create('shrunk', good, { desiredCount: 2, deploymentConfiguration: breaker(false) })
  await untilService('shrunk', isSteady)
  await deploy('shrunk', bad)
  await untilService('shrunk', ({ deployments }) => deployments?.[0]?.rolloutState === 'FAILED')

  await lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service: 'shrunk', desiredCount: 1 }))
  await untilService('shrunk', ({ runningCount }) => runningCount === 1)

  await lab.ecs.send(new DeleteServiceCommand({ cluster: 'test', service: 'shrunk', force: true }))
  await untilService('shrunk', ({ status, runningCount }) => status === 'INACTIVE' && runningCount === 0)
})

// "When the deployment circuit breaker does not find a deployment that is in a COMPLETED state, the circuit breaker does
// not launch new tasks and the deployment is stalled." (How the Amazon ECS deployment circuit breaker detects failures)
test.concurrent('a first deployment has nothing to roll back to', async () => {
  await create('first', bad, { deploymentConfiguration: breaker(true) })

  const failed = await untilService('first', ({ deployments }) => deployments?.[0]?.rolloutState === 'FAILED')

  expect(failed.deployments).toHaveLength(1)
  const [deployment] = await listDeployments('first')
  expect(deployment).toMatchObject({ status: 'STOPPED' })
})

test.concurrent('without a circuit breaker, a deployment goes on failing, with more and more time between the attempts', async () => {
  await create('endless', bad)

  const failing = await untilService('endless', ({ deployments }) => (deployments?.[0]?.failedTasks ?? 0) > 3)

  expect(failing.deployments?.[0]?.rolloutState).toBe('IN_PROGRESS')
  // (Amazon ECS service throttle logic)
  expect(messages(failing).some((message) => message.includes('unable to consistently start tasks successfully'))).toBe(
    true,
  )
})

// Seen by others, too: the replaced one is STOPPED moments after the new one has begun. (kayac/ecspresso issue 899)
test.concurrent('an update takes the place of a deployment that is still going on', async () => {
  await create('overtaken', good)
  await untilService('overtaken', isSteady)
  const first = await deploy('overtaken', slow)
  await untilService('overtaken', ({ pendingCount, runningCount }) => (pendingCount ?? 0) + (runningCount ?? 0) > 1)

  const second = await deploy('overtaken', good)

  await untilService('overtaken', isSteady)
  const [newest, replaced] = await listDeployments('overtaken')
  expect(newest).toMatchObject({ serviceDeploymentArn: second, status: 'SUCCESSFUL' })
  expect(replaced).toMatchObject({ serviceDeploymentArn: first, status: 'STOPPED' })
  expect(replaced?.statusReason).toContain(second)
  expect(replaced?.createdAt?.getTime()).toBeLessThanOrEqual(newest?.createdAt?.getTime() ?? 0)
})

describe.concurrent('ListServiceDeployments', () => {
  test('lists the newest first, by status and by time, a page at a time', async () => {
    await create('history', good, { desiredCount: 0 })
    await untilService('history', isSteady)
    for (let index = 0; index < 3; index++) {
      await deploy('history', good)
      await untilService('history', isSteady)
    }

    const all = await listDeployments('history')
    const times = all.map(({ createdAt }) => createdAt?.getTime() ?? 0)
    expect(all).toHaveLength(4)
    expect(times).toEqual(times.toSorted((a, b) => b - a))
    expect(await listDeployments('history', { status: ['IN_PROGRESS'] })).toEqual([])
    expect(await listDeployments('history', { status: ['SUCCESSFUL', 'STOPPED'] })).toHaveLength(4)
    expect(await listDeployments('history', { createdAt: { after: all[1]?.createdAt } })).toEqual([all[0]])
    const page = { cluster: 'test', service: 'history', maxResults: 3 }
    const first = await lab.ecs.send(new ListServiceDeploymentsCommand(page))
    const rest = await lab.ecs.send(new ListServiceDeploymentsCommand({ ...page, nextToken: first.nextToken }))
    expect([...(first.serviceDeployments ?? []), ...(rest.serviceDeployments ?? [])]).toEqual(all)
  })

  // "You can specify a maximum of 20 ARNs." (DescribeServiceDeployments, DescribeServiceRevisions)
  test('at most 20 are described at once; what is not there is MISSING', async () => {
    const arn = 'arn:aws:ecs:eu-central-1:123456789012:service-deployment/test/none/x'
    const describeAll = (serviceDeploymentArns: string[]) =>
      lab.ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns }))
    await expect(describeAll(Array(21).fill(arn))).rejects.toMatchObject({ name: 'InvalidParameterException' })
    expect((await describeAll([arn])).failures).toEqual([{ arn, reason: 'MISSING' }])
  })
})

describe.concurrent('StopServiceDeployment', () => {
  // "You can use this option even if you didn't configure the service deployment for the rollback option."
  // "The service deployment moves to the ROLLBACK_REQUESTED state, and then the rollback operation starts." (Stopping
  // Amazon ECS service deployments)
  test('rolls an ongoing deployment back, without a circuit breaker as well', async () => {
    await create('halted', good)
    const before = await untilService('halted', isSteady)
    const arn = await deploy('halted', slow)
    await untilService('halted', ({ deployments }) => deployments?.[0]?.runningCount === 1)

    await stopDeployment(arn, 'ROLLBACK')
    // "ROLLBACK_IN_PROGRESS - The service deployment continues the rollback operation."
    await stopDeployment(arn)

    const after = await untilService('halted', isSteady)
    expect(after.taskDefinition).toBe(before.taskDefinition)
    expect(await describeDeployment(arn)).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL' })
    expect(statusesOf(arn)).toEqual([
      'IN_PROGRESS',
      'ROLLBACK_REQUESTED',
      'ROLLBACK_IN_PROGRESS',
      'ROLLBACK_SUCCESSFUL',
    ])
  })

  test('ABORT leaves everything as it is', async () => {
    await create('aborted', good)
    await untilService('aborted', isSteady)
    const arn = await deploy('aborted', slow)
    await untilService('aborted', ({ deployments }) => deployments?.[0]?.runningCount === 1)

    await stopDeployment(arn, 'ABORT')

    await until(async () => (await describeDeployment(arn)).status === 'STOPPED')
    const { deployments } = await describeOne('aborted')
    expect(deployments).toMatchObject([
      { status: 'PRIMARY', rolloutState: 'FAILED', runningCount: 1 },
      { status: 'ACTIVE', runningCount: 1 },
    ])
    await deploy('aborted', good)
    await untilService('aborted', isSteady)
  })

  test('refuses one that has ended, one that does not exist, and a rollback to nothing', async () => {
    await create('unstoppable', good, { desiredCount: 0 })
    await untilService('unstoppable', isSteady)
    const [ended] = await listDeployments('unstoppable')
    const arn = ended?.serviceDeploymentArn ?? ''
    await expect(stopDeployment(arn)).rejects.toMatchObject({ name: 'ConflictException' })
    await expect(stopDeployment(`${arn}x`)).rejects.toMatchObject({ name: 'ServiceDeploymentNotFoundException' })

    await create('newborn', slow)
    const [ongoing] = await listDeployments('newborn')
    await expect(stopDeployment(ongoing?.serviceDeploymentArn ?? '')).rejects.toMatchObject({
      name: 'InvalidParameterException',
    })
  })
})

// "service (service-name) was unable to stop or start tasks during a deployment because of the service deployment
// configuration." (Viewing Amazon ECS service event messages)
test.concurrent('a deployment that may neither start nor stop anything says so', async () => {
  await create('stuck', good, { deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 100 } })
  await untilService('stuck', isSteady)

  await deploy('stuck', good)

  await untilService('stuck', (service) =>
    messages(service).some((message) => message.includes('was unable to stop or start tasks during a deployment')),
  )
})
