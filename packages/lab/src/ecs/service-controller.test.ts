import {
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type Service,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionOf, type EcsForTest, imageOf, network, shell, startEcs, until } from './test-ecs.ts'

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs()
  const web = { name: 'app', image: imageOf('v1'), portMappings: [{ containerPort: 8080 }] }
  const ec2 = { networkMode: 'bridge' as const, requiresCompatibilities: ['EC2' as const] }
  const sleeper = { ...shell('app', 'exec sleep 60'), memory: 64 }
  const tags = [{ key: 'owner', value: 'definition' }]
  for (const definition of [
    definitionOf('web', web),
    { ...definitionOf('agent', sleeper), ...ec2 },
    { ...definitionOf('agent', sleeper), ...ec2 },
    { ...definitionOf('tagged', shell('app', 'exec sleep 60')), tags },
  ]) {
    await lab.ecs.send(new RegisterTaskDefinitionCommand(definition))
  }
})
afterAll(() => lab[Symbol.asyncDispose]())

const create = (serviceName: string, input: Partial<CreateServiceCommandInput>) =>
  lab.ecs.send(new CreateServiceCommand({ cluster: 'test', serviceName, ...input }))

const update = (service: string, input: Partial<UpdateServiceCommandInput>) =>
  lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service, ...input }))

async function describeOne(name: string): Promise<Service> {
  const { services = [] } = await lab.ecs.send(new DescribeServicesCommand({ cluster: 'test', services: [name] }))
  return services[0]!
}

const untilService = (name: string, holds: (service: Service) => boolean) =>
  until(async () => {
    const service = await describeOne(name)
    return holds(service) && service
  })

const fargate = { launchType: 'FARGATE' as const, networkConfiguration: network }

describe('a service that CodeDeploy deploys', () => {
  beforeAll(async () => {
    await create('by-codedeploy', {
      ...fargate,
      taskDefinition: 'web',
      desiredCount: 1,
      deploymentController: { type: 'CODE_DEPLOY' },
      loadBalancers: [{ targetGroupArn: lab.targetGroupArn, containerName: 'app', containerPort: 8080 }],
    })
  })

  // "Information about a set of Amazon ECS tasks in either an CodeDeploy or an EXTERNAL deployment." (Service, taskSets)
  // "If an CodeDeploy deployment created the task set, the startedBy parameter is CODE_DEPLOY." (TaskSet)
  test('has a task set in place of deployments', async () => {
    const service = await untilService(
      'by-codedeploy',
      ({ taskSets = [] }) => taskSets[0]?.stabilityStatus === 'STEADY_STATE',
    )

    expect(service).toMatchObject({
      deploymentController: { type: 'CODE_DEPLOY' },
      deployments: [],
      runningCount: 1,
      taskSets: [{ status: 'PRIMARY', startedBy: 'CODE_DEPLOY', computedDesiredCount: 1, runningCount: 1 }],
    })
    expect(service.currentServiceDeployment).toBeUndefined()
  })

  // "only the desired count, deployment configuration, health check grace period, task placement constraints and
  // strategies, enable ECS managed tags option, and propagate tags can be updated using this API" (UpdateService)
  test('cannot be deployed by UpdateService, only scaled', async () => {
    const byCodeDeploy = 'with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.'
    // In these words: boto/boto3 issue 1936
    await expect(update('by-codedeploy', { taskDefinition: 'web' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: `Unable to update task definition on services ${byCodeDeploy}`,
    })
    await expect(update('by-codedeploy', { forceNewDeployment: true })).rejects.toMatchObject({
      message: `Cannot force a new deployment on services ${byCodeDeploy}`,
    })
    await expect(update('by-codedeploy', { networkConfiguration: network })).rejects.toMatchObject({
      message: expect.stringContaining('Unable to update network parameters'),
    })
    await update('by-codedeploy', { desiredCount: 2, healthCheckGracePeriodSeconds: 5 })
    await untilService('by-codedeploy', ({ runningCount }) => runningCount === 2)
  })
})

// "If no primary task set is defined for a service, when describing the service, the task set fields are null." (Deploy
// Amazon ECS services using a third-party controller)
test('a service with an external controller has nothing until somebody gives it a task set', async () => {
  const external = { deploymentController: { type: 'EXTERNAL' as const }, desiredCount: 1 }
  // In these words: aws/aws-cdk issue 6245
  await expect(create('by-others', { ...external, taskDefinition: 'web' })).rejects.toMatchObject({
    message: 'TaskDefinition must be blank.',
  })
  await create('by-others', external)
  await lab.service.settled()

  const service = await describeOne('by-others')
  expect(service).toMatchObject({ status: 'ACTIVE', desiredCount: 1, runningCount: 0, taskSets: [], deployments: [] })
  expect(service.taskDefinition).toBeUndefined()
  // "If the launch type, load balancer, network configuration, platform version, or task definition need to be updated,
  // create a new task set" (UpdateService)
  await expect(update('by-others', { taskDefinition: 'web' })).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining('new task set'),
  })
  await update('by-others', { desiredCount: 3 })
  expect((await describeOne('by-others')).desiredCount).toBe(3)
  await lab.ecs.send(new DeleteServiceCommand({ cluster: 'test', service: 'by-others', force: true }))
  await untilService('by-others', ({ status }) => status === 'INACTIVE')
})

describe('a daemon service', () => {
  const daemon = { taskDefinition: 'agent:1', launchType: 'EC2', schedulingStrategy: 'DAEMON' } as const

  // "The daemon scheduling strategy deploys exactly one task on each active container instance" (CreateService). "The
  // default minimumHealthyPercent value for a service using the DAEMON service schedule is 0%" (DeploymentConfiguration)
  test('has one task on the one instance that there is, and stops it before it starts the next', async () => {
    await create('agent', daemon)
    const before = await untilService('agent', ({ deployments }) => deployments?.[0]?.rolloutState === 'COMPLETED')
    expect(before).toMatchObject({
      schedulingStrategy: 'DAEMON',
      desiredCount: 1,
      runningCount: 1,
      deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 0 },
    })

    await update('agent', { taskDefinition: 'agent:2' })
    const after = await untilService(
      'agent',
      ({ deployments = [] }) => deployments.length === 1 && deployments[0]?.rolloutState === 'COMPLETED',
    )
    expect(after.taskDefinition).toMatch(/agent:2$/)
    expect(after.events?.map(({ message = '' }) => /stopped|started/.exec(message)?.[0]).filter(Boolean)).toEqual([
      'started',
      'stopped',
      'started',
    ])
    const listed = await lab.ecs.send(new ListServicesCommand({ cluster: 'test', schedulingStrategy: 'DAEMON' }))
    expect(listed.serviceArns).toEqual([after.serviceArn])
    // "It's only necessary to use this if the service uses the REPLICA scheduling strategy." (DeleteService, force)
    await lab.ecs.send(new DeleteServiceCommand({ cluster: 'test', service: 'agent' }))
  })

  const refusals: readonly (readonly [string, Partial<CreateServiceCommandInput>, string])[] = [
    ['a desired count', { desiredCount: 1 }, 'does not support a desired count for services. Remove the desired count'],
    ['Fargate', fargate, 'does not support the FARGATE launch type'],
    [
      'more than all tasks at once',
      { deploymentConfiguration: { maximumPercent: 200 } },
      'does not support values above 100 for maximumPercent',
    ],
    ['a placement strategy', { placementStrategy: [{ type: 'spread' }] }, 'does not support placement strategies'],
    ['another controller', { deploymentController: { type: 'CODE_DEPLOY' } }, 'CODE_DEPLOY'],
  ]
  // "Tasks using the Fargate launch type or the CODE_DEPLOY or EXTERNAL deployment controller types don't support the
  // DAEMON scheduling strategy." (CreateService)
  test.each(refusals)('refuses %s', async (_what, change, message) => {
    await expect(create('refused', { ...daemon, ...change })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(message),
    })
  })
})

// "Only tasks launched after the update will reflect the update. To update the tags on all tasks, set forceNewDeployment
// to true" (UpdateService, propagateTags); enableExecuteCommand "doesn't trigger a new service deployment"
test('what an update sets for tasks is seen on those that start after it', async () => {
  const tags = [{ key: 'team', value: 'a' }]
  await create('labelled', { ...fargate, taskDefinition: 'tagged', desiredCount: 1, tags, propagateTags: 'SERVICE' })
  const before = await untilService('labelled', ({ runningCount }) => runningCount === 1)
  const tasks = async () => {
    const { taskArns = [] } = await lab.ecs.send(new ListTasksCommand({ cluster: 'test', serviceName: 'labelled' }))
    if (taskArns.length === 0) return []
    const described = await lab.ecs.send(
      new DescribeTasksCommand({ cluster: 'test', tasks: taskArns, include: ['TAGS'] }),
    )
    return described.tasks ?? []
  }
  expect(await tasks()).toMatchObject([{ tags, enableExecuteCommand: false }])

  await update('labelled', { propagateTags: 'TASK_DEFINITION', enableExecuteCommand: true, enableECSManagedTags: true })
  const updated = await describeOne('labelled')
  expect(updated.deployments?.map(({ id }) => id)).toEqual(before.deployments?.map(({ id }) => id))
  expect(await tasks()).toMatchObject([{ tags, enableExecuteCommand: false }])

  await update('labelled', { forceNewDeployment: true })
  const started = await until(async () => (await tasks()).find((task) => task.enableExecuteCommand))
  expect(started.tags).toEqual([
    { key: 'owner', value: 'definition' },
    { key: 'aws:ecs:clusterName', value: 'test' },
    { key: 'aws:ecs:serviceName', value: 'labelled' },
  ])
})
