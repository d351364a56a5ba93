import {
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteServiceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type Service,
  StopTaskCommand,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionOf, type EcsForTest, network, post, shell, startEcs, until } from './test-ecs.ts'

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs()
  for (const family of ['web', 'web', 'gone']) {
    await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf(family, shell('app', 'exec sleep 60'))))
  }
  await lab.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'gone:1' }))
})
afterAll(() => lab[Symbol.asyncDispose]())

function create(serviceName: string, more: Partial<CreateServiceCommandInput> = {}) {
  const input = {
    cluster: 'test',
    serviceName,
    taskDefinition: 'web:1',
    desiredCount: 2,
    launchType: 'FARGATE',
  } as const
  return lab.ecs.send(new CreateServiceCommand({ ...input, networkConfiguration: network, ...more }))
}

const update = (service: string, more: Partial<UpdateServiceCommandInput>) =>
  lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service, ...more }))

async function describeOne(name: string): Promise<Service> {
  const { services = [] } = await lab.ecs.send(
    new DescribeServicesCommand({ cluster: 'test', services: [name], include: ['TAGS'] }),
  )
  return services[0]!
}

const untilService = (name: string, holds: (service: Service) => boolean) =>
  until(async () => {
    const service = await describeOne(name)
    return holds(service) && service
  })

const tasksOf = async (serviceName: string) =>
  (await lab.ecs.send(new ListTasksCommand({ cluster: 'test', serviceName }))).taskArns ?? []

const messages = ({ events = [] }: Service) => events.map(({ message }) => message)

test('a service starts its tasks, becomes steady and says so in AWS’s words, newest first', async () => {
  await create('steady', { tags: [{ key: 'team', value: 'a' }] })
  const service = await untilService('steady', ({ deployments }) => deployments?.[0]?.rolloutState === 'COMPLETED')

  expect(service).toMatchObject({
    status: 'ACTIVE',
    runningCount: 2,
    pendingCount: 0,
    deployments: [{ status: 'PRIMARY', runningCount: 2, desiredCount: 2, failedTasks: 0 }],
    tags: [{ key: 'team', value: 'a' }],
  })
  const [deployment] = service.deployments ?? []
  const tasks = await tasksOf('steady')
  const ids = tasks.map((arn) => `(task ${arn.split('/').at(-1)})`).join(' ')
  expect(messages(service)).toEqual([
    '(service steady) has reached a steady state.',
    `(service steady) (deployment ${deployment?.id}) deployment completed.`,
    `(service steady) has started 2 tasks: ${ids}.`,
  ])
  const described = await lab.ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks }))
  expect(described.tasks?.[0]).toMatchObject({ startedBy: deployment?.id, group: 'service:steady' })
})

test('a task that dies, or is stopped, is replaced', async () => {
  await create('replaced', { desiredCount: 1 })
  await untilService('replaced', ({ runningCount }) => runningCount === 1)
  const [before] = await tasksOf('replaced')

  await lab.ecs.send(new StopTaskCommand({ cluster: 'test', task: before }))

  const [after] = await until(async () => {
    const tasks = await tasksOf('replaced')
    return tasks.length === 1 && tasks[0] !== before && tasks
  })
  const running = await lab.untilTask(after, ({ lastStatus }) => lastStatus === 'RUNNING')
  expect(running.group).toBe('service:replaced')
})

test('another desired count is no deployment: tasks come and go', async () => {
  await create('scaled', { desiredCount: 1 })
  const before = await untilService('scaled', ({ runningCount }) => runningCount === 1)

  await update('scaled', { desiredCount: 3 })
  await untilService('scaled', ({ runningCount }) => runningCount === 3)
  await update('scaled', { desiredCount: 0 })
  const after = await untilService('scaled', ({ runningCount }) => runningCount === 0)

  expect(after.deployments?.map(({ id }) => id)).toEqual(before.deployments?.map(({ id }) => id))
  const listed = await lab.ecs.send(
    new ListTasksCommand({ cluster: 'test', serviceName: 'scaled', desiredStatus: 'STOPPED' }),
  )
  const { tasks } = await lab.ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks: listed.taskArns }))
  // "Scaling activity initiated by (deployment deployment-id)" (Stopped tasks error messages)
  expect(tasks?.map(({ stopCode, stoppedReason }) => [stopCode, stoppedReason])).toEqual(
    Array(3).fill([
      'ServiceSchedulerInitiated',
      `Scaling activity initiated by (deployment ${before.deployments?.[0]?.id})`,
    ]),
  )
})

test('an update deploys only what changes the revision, or when it is forced', async () => {
  await create('updated', { desiredCount: 1 })
  const id = async () => (await describeOne('updated')).deployments?.[0]?.id
  const first = await id()

  await update('updated', { taskDefinition: 'web:1', deploymentConfiguration: { maximumPercent: 150 } })
  expect(await id()).toBe(first)
  expect((await describeOne('updated')).deploymentConfiguration).toMatchObject({ maximumPercent: 150 })

  await update('updated', { forceNewDeployment: true })
  const second = await id()
  expect(second).not.toBe(first)
  await update('updated', { taskDefinition: 'web' })
  expect(await describeOne('updated')).toMatchObject({ taskDefinition: expect.stringMatching(/web:2$/) })
  expect(await id()).not.toBe(second)
})

// "Existing tasks and services that reference an INACTIVE task definition continue to run without disruption. Existing
// services that reference an INACTIVE task definition can still scale up or down" (DeregisterTaskDefinition)
test('a definition that becomes INACTIVE under a service goes on serving it', async () => {
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('retiring', shell('app', 'exec sleep 60'))))
  await create('retiring', { taskDefinition: 'retiring:1', desiredCount: 1 })
  await lab.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'retiring:1' }))

  await update('retiring', { desiredCount: 2 })
  await untilService('retiring', ({ runningCount }) => runningCount === 2)

  // "and you can't update an existing service to reference an INACTIVE task definition" (DeregisterTaskDefinition)
  await expect(update('retiring', { taskDefinition: 'retiring:1' })).rejects.toMatchObject({
    name: 'ClientException',
    message: 'TaskDefinition is inactive',
  })
})

test('a service without room for its tasks says so and starts them when there is some', async () => {
  await using own = await startEcs()
  await own.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('web', shell('app', 'exec sleep 60'))))
  own.service.limitCapacity(1)
  const input = { cluster: 'test', serviceName: 'tight', taskDefinition: 'web', desiredCount: 2 }
  await own.ecs.send(new CreateServiceCommand({ ...input, launchType: 'FARGATE', networkConfiguration: network }))
  const describeTight = async () => {
    const { services } = await own.ecs.send(new DescribeServicesCommand({ cluster: 'test', services: ['tight'] }))
    return services![0]!
  }

  await until(async () =>
    messages(await describeTight()).some((message) => message?.includes('was unable to place a task.')),
  )
  own.service.limitCapacity(2)

  await until(async () => (await describeTight()).runningCount === 2)
})

test('a world whose services do not become steady is refused, with what ECS says of them', async () => {
  const crashing = definitionOf('web', shell('app', 'exit 1'))
  const services = [
    {
      serviceName: 'web',
      taskDefinition: 'web',
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: network,
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    },
  ]
  const world = { taskDefinitions: [crashing], clusters: [{ clusterName: 'test', services }] }

  await expect(startEcs({ world })).rejects.toThrow(
    /^Service web is not steady: ECS deployment circuit breaker: tasks failed to start\.\n- \(service web\)/,
  )
})

describe('DeleteService', () => {
  // "If the service is actively maintaining tasks, you can't delete it, and you must update the service to a desired
  // task count of zero." (DeleteService)
  test('refuses a service that is scaled above 0 unless it is forced; then its tasks end and it is INACTIVE', async () => {
    await create('deleted', { desiredCount: 1 })
    await untilService('deleted', ({ runningCount }) => runningCount === 1)
    const remove = (force?: boolean) =>
      lab.ecs.send(new DeleteServiceCommand({ cluster: 'test', service: 'deleted', force }))

    await expect(remove()).rejects.toMatchObject({ name: 'InvalidParameterException' })
    const { service } = await remove(true)
    expect(service?.status).toBe('DRAINING')

    // "Services in the DRAINING or INACTIVE status can still be viewed with the DescribeServices API operation."
    const inactive = await untilService('deleted', ({ status }) => status === 'INACTIVE')
    expect(inactive).toMatchObject({ runningCount: 0, deployments: [] })
    const { serviceArns } = await lab.ecs.send(new ListServicesCommand({ cluster: 'test', maxResults: 100 }))
    expect(serviceArns).not.toContain(inactive.serviceArn)
    await expect(update('deleted', { desiredCount: 1 })).rejects.toMatchObject({ name: 'ServiceNotActiveException' })
    await create('deleted', { desiredCount: 0 })
    expect((await describeOne('deleted')).status).toBe('ACTIVE')
  })
})

describe('what services refuse', () => {
  const cases: readonly (readonly [string, Partial<CreateServiceCommandInput>, string])[] = [
    ['a name with blanks', { serviceName: 'a b' }, 'invalid characters'],
    [
      'a target group that does not exist',
      { loadBalancers: [{ targetGroupArn: 'arn:x', containerName: 'app', containerPort: 80 }] },
      'does not exist',
    ],
    ['an unhealthy minimum above the maximum', { deploymentConfiguration: { maximumPercent: 50 } }, 'maximumPercent'],
    ['no network for awsvpc', { networkConfiguration: undefined }, 'Network Configuration must be provided'],
    [
      'CodeDeploy without a load balancer',
      { deploymentController: { type: 'CODE_DEPLOY' } },
      'A load balancer is required',
    ],
    [
      'blue/green without a load balancer',
      { deploymentConfiguration: { strategy: 'BLUE_GREEN' } },
      'behind load balancers only',
    ],
    ['service discovery', { serviceRegistries: [{ registryArn: 'arn:x' }] }, 'serviceRegistries'],
    ['alarms', { deploymentConfiguration: { alarms: { enable: true, rollback: true, alarmNames: ['a'] } } }, 'alarms'],
  ]

  test.each(cases)('%s', async (_what, change, message) => {
    await expect(create('refused', change)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(message),
    })
  })

  test('a definition, a service or a cluster that is not there', async () => {
    await expect(create('refused', { taskDefinition: 'gone:1' })).rejects.toMatchObject({ name: 'ClientException' })
    await expect(update('none', { desiredCount: 1 })).rejects.toMatchObject({ name: 'ServiceNotFoundException' })
    await expect(create('x', { cluster: 'none' })).rejects.toMatchObject({ name: 'ClusterNotFoundException' })
  })

  // "If you attempt to create a new service with the same name as an existing service in either ACTIVE or DRAINING
  // status, you receive an error." (DeleteService) The same request again is the service there is.
  test('the same name for another service', async () => {
    await create('twice', { desiredCount: 0 })
    const again = await create('twice', { desiredCount: 0 })
    expect(again.service?.serviceName).toBe('twice')
    await expect(create('twice', { desiredCount: 1 })).rejects.toMatchObject({
      message: 'Creation of service was not idempotent.',
    })
  })

  // "You may specify up to 10 services to describe in a single operation." (DescribeServices)
  test('more than ten to describe; what is not there is MISSING', async () => {
    const describeAll = (services: string[]) => lab.ecs.send(new DescribeServicesCommand({ cluster: 'test', services }))
    await expect(describeAll(Array(11).fill('x'))).rejects.toMatchObject({ name: 'InvalidParameterException' })
    expect((await describeAll(['none'])).failures).toEqual([
      { arn: 'arn:aws:ecs:eu-central-1:123456789012:service/test/none', reason: 'MISSING' },
    ])
  })
})

// "If this parameter isn't used, then ListServices returns up to 10 results and a nextToken value if applicable."
test('services are listed ten at a time', async () => {
  await post(lab, 'CreateCluster', { clusterName: 'many' })
  for (let index = 0; index < 12; index++) await create(`s${index}`, { cluster: 'many', desiredCount: 0 })

  const first = await lab.ecs.send(new ListServicesCommand({ cluster: 'many' }))
  const rest = await lab.ecs.send(new ListServicesCommand({ cluster: 'many', nextToken: first.nextToken }))

  expect(first.serviceArns).toHaveLength(10)
  expect(rest.serviceArns).toHaveLength(2)
  expect(rest.nextToken).toBeUndefined()
  const clusters = await post(lab, 'DescribeClusters', { clusters: ['many', 'none'] })
  expect(clusters).toMatchObject({ clusters: [{ activeServicesCount: 12 }], failures: [{ reason: 'MISSING' }] })
})
