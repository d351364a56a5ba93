import {
  ContinueServiceDeploymentCommand,
  CreateServiceCommand,
  type DeploymentConfiguration,
  type DeploymentLifecycleHookStage,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  RegisterTaskDefinitionCommand,
  type Service,
  type ServiceDeployment,
  StopServiceDeploymentCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { DescribeListenersCommand, DescribeRulesCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionOf, type EcsForTest, imageOf, network, shell, startEcs, until } from './test-ecs.ts'
import { startVisitors } from './test-visitors.ts'

const names = ['green', 'linear', 'canary', 'paused', 'expired', 'broken', 'twice', 'switched']

let lab: EcsForTest
beforeAll(async () => {
  const settings = {
    healthCheckPath: '/health',
    healthCheckIntervalSeconds: 10,
    healthyThresholdCount: 2,
    unhealthyThresholdCount: 2,
    deregistrationDelaySeconds: 30,
  }
  lab = await startEcs({
    world: {
      loadBalancers: names.map((name) => ({
        name,
        targetGroup: { name: `${name}-a`, ...settings },
        alternateTargetGroup: { name: `${name}-b` },
      })),
    },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

const balancerOf = (name: string) => lab.balancer.loadBalancers.find((balancer) => balancer.name === name)!

async function register(family: string, tag: string): Promise<string> {
  const container = { name: 'app', image: imageOf(tag), portMappings: [{ containerPort: 8080 }] }
  const { taskDefinition } = await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf(family, container)))
  return taskDefinition?.taskDefinitionArn ?? ''
}

function balanced(name: string) {
  const { group, alternate, listeners } = balancerOf(name)
  const [production, test] = listeners
  return {
    targetGroupArn: group.arn,
    containerName: 'app',
    containerPort: 8080,
    advancedConfiguration: {
      alternateTargetGroupArn: alternate!.arn,
      productionListenerRule: production!.rule.arn,
      testListenerRule: test!.rule.arn,
      roleArn: 'arn:aws:iam::123456789012:role/ecs-elb',
    },
  }
}

/** A service of one task at v1, steady. */
async function create(name: string, deploymentConfiguration: DeploymentConfiguration): Promise<Service> {
  await lab.ecs.send(
    new CreateServiceCommand({
      cluster: 'test',
      serviceName: name,
      taskDefinition: await register(name, 'v1'),
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: network,
      loadBalancers: [balanced(name)],
      deploymentConfiguration,
    }),
  )
  await untilDeployment(name, ({ status }) => status === 'SUCCESSFUL')
  return describeOne(name)
}

async function deploy(service: string, tag: string): Promise<string> {
  const taskDefinition = await register(service, tag)
  const updated = await lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service, taskDefinition }))
  return updated.service?.currentServiceDeployment ?? ''
}

async function describeOne(name: string): Promise<Service> {
  const { services = [] } = await lab.ecs.send(new DescribeServicesCommand({ cluster: 'test', services: [name] }))
  return services[0]!
}

const untilDeployment = (name: string, holds: (deployment: ServiceDeployment) => boolean) =>
  until(async () => {
    const { currentServiceDeployment = '' } = await describeOne(name)
    const deployment = await describeDeployment(currentServiceDeployment)
    return holds(deployment) && deployment
  })

const untilStage = (name: string, stage: ServiceDeployment['lifecycleStage']) =>
  untilDeployment(name, ({ lifecycleStage }) => lifecycleStage === stage)

async function describeDeployment(arn: string): Promise<ServiceDeployment> {
  const { serviceDeployments = [] } = await lab.ecs.send(
    new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }),
  )
  return serviceDeployments[0]!
}

/** "This parameter doesn't trigger a new service deployment." (UpdateService, deploymentConfiguration) */
async function pauseAt(service: string, ...stages: readonly DeploymentLifecycleHookStage[]): Promise<void> {
  const lifecycleHooks = stages.map((stage) => ({ targetType: 'PAUSE' as const, lifecycleStages: [stage] }))
  const hooked = { cluster: 'test', service, deploymentConfiguration: { lifecycleHooks } }
  await lab.ecs.send(new UpdateServiceCommand(hooked))
}

async function resume(serviceDeploymentArn: string, action?: 'CONTINUE' | 'ROLLBACK'): Promise<void> {
  const { lifecycleHookDetails } = await describeDeployment(serviceDeploymentArn)
  const hookId = lifecycleHookDetails?.[0]?.hookId
  await lab.ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn, hookId, action }))
}

/** Everything that the journal says a resource became. */
function historyOf(resource: string): readonly string[] {
  const changes = lab.server.journal.entries().filter((entry) => entry.kind === 'change' && entry.resource === resource)
  return changes.flatMap((entry) => (entry.kind === 'change' ? [entry.to] : []))
}

async function versionAt(url: string): Promise<string> {
  return ((await (await fetch(url)).json()) as { version: string }).version
}

// "RECONCILE_SERVICE … only happens when you start a new service deployment with more than 1 service revision in an
// ACTIVE state. … BAKE_TIME - both blue and green service revisions are running simultaneously after the production
// traffic has shifted. CLEAN_UP - the blue service revision has completely scaled down" (ServiceDeployment, lifecycleStage)
test.concurrent('BLUE_GREEN runs green beside blue, shifts all traffic at once, bakes and cleans up, and no request is lost', async () => {
  const before = await create('green', { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 1 })
  const { url, testUrl } = balancerOf('green')
  await using visitors = startVisitors(`${url}/`, 2)
  await until(() => visitors.lastVersion === 'v1')
  await pauseAt('green', 'POST_PRODUCTION_TRAFFIC_SHIFT')

  const arn = await deploy('green', 'v2')
  await until(async () => (await versionAt(testUrl!)) === 'v2')
  const shifted = await untilStage('green', 'POST_PRODUCTION_TRAFFIC_SHIFT')

  expect(shifted).toMatchObject({
    status: 'IN_PROGRESS',
    targetServiceRevision: { requestedTaskCount: 1, runningTaskCount: 1, requestedProductionTrafficWeight: 100 },
    sourceServiceRevisions: [{ requestedTaskCount: 1, runningTaskCount: 1, requestedProductionTrafficWeight: 0 }],
  })
  const service = await describeOne('green')
  // "The rolloutState of a service is only returned for services that use the rolling update (ECS) deployment type"
  expect(service.deployments?.map(({ status, rolloutState }) => [status, rolloutState])).toEqual([
    ['PRIMARY', undefined],
    ['ACTIVE', undefined],
  ])
  await resume(arn)
  await untilDeployment('green', ({ status }) => status === 'SUCCESSFUL')
  await visitors.stop()

  expect(visitors.failures).toEqual([])
  expect([...visitors.versions]).toEqual(['v1', 'v2'])
  expect(historyOf(arn)).toEqual(['IN_PROGRESS', 'SUCCESSFUL'])
  expect(historyOf(`${arn} stage`)).toEqual([
    'PRE_SCALE_UP',
    'SCALE_UP',
    'POST_SCALE_UP',
    'TEST_TRAFFIC_SHIFT',
    'POST_TEST_TRAFFIC_SHIFT',
    'PRE_PRODUCTION_TRAFFIC_SHIFT',
    'PRODUCTION_TRAFFIC_SHIFT',
    'POST_PRODUCTION_TRAFFIC_SHIFT',
    'BAKE_TIME',
    'CLEAN_UP',
  ])
  const after = await describeOne('green')
  expect(after.deployments).toHaveLength(1)
  expect(after.deployments?.[0]?.id).not.toBe(before.deployments?.[0]?.id)
})

// "The load balancer … listener rules that control traffic distribution between the blue and green target groups based
// on weights" (Amazon ECS blue/green service deployments workflow)
test.concurrent('deployments take the two target groups in turn, and the listener rule says who has the traffic', async () => {
  await create('switched', { strategy: 'BLUE_GREEN' })
  const { arn, group, alternate } = balancerOf('switched')
  const groupOf = async (deployment: string) => {
    const { targetServiceRevision } = await describeDeployment(deployment)
    const { serviceRevisions } = await lab.ecs.send(
      new DescribeServiceRevisionsCommand({ serviceRevisionArns: [targetServiceRevision?.arn ?? ''] }),
    )
    return serviceRevisions?.[0]?.resolvedConfiguration?.loadBalancers?.[0]?.targetGroupArn
  }

  const second = await deploy('switched', 'v2')
  await untilDeployment('switched', ({ status }) => status === 'SUCCESSFUL')

  expect(await groupOf(second)).toBe(alternate?.arn)
  const { Listeners } = await lab.elb.send(new DescribeListenersCommand({ LoadBalancerArn: arn }))
  expect(Listeners).toHaveLength(2)
  const { Rules } = await lab.elb.send(new DescribeRulesCommand({ ListenerArn: Listeners![0]!.ListenerArn }))
  expect(Rules?.[0]?.Actions?.[0]?.ForwardConfig?.TargetGroups).toEqual([
    { TargetGroupArn: group.arn, Weight: 0 },
    { TargetGroupArn: alternate?.arn, Weight: 100 },
  ])

  const third = await deploy('switched', 'v3')
  await untilDeployment('switched', ({ status }) => status === 'SUCCESSFUL')
  expect(await groupOf(third)).toBe(group.arn)
  expect(await versionAt(balancerOf('switched').url)).toBe('v3')
})

// "shifts production traffic in equal percentage increments with configurable wait times between each step until 100%";
// "This bake time is not applied after reaching 100 percent traffic." (LinearConfiguration)
test.concurrent('LINEAR shifts a step at a time', async () => {
  await create('linear', {
    strategy: 'LINEAR',
    linearConfiguration: { stepPercent: 40, stepBakeTimeInMinutes: 0 },
  })
  const { rule } = balancerOf('linear').listeners[0]!

  const arn = await deploy('linear', 'v2')
  await untilDeployment('linear', ({ status }) => status === 'SUCCESSFUL')

  expect(historyOf(rule.arn)).toEqual(['60:40', '20:80', '0:100'])
  // "For linear and canary deployments, this stage is invoked before every traffic shift step."
  const stages = historyOf(`${arn} stage`).filter((stage) => stage.endsWith('PRODUCTION_TRAFFIC_SHIFT'))
  expect(stages).toEqual([
    ...Array(3).fill(['PRE_PRODUCTION_TRAFFIC_SHIFT', 'PRODUCTION_TRAFFIC_SHIFT']).flat(),
    'POST_PRODUCTION_TRAFFIC_SHIFT',
  ])
})

// "shifts a fixed percentage of traffic to the new service revision, waits for a specified bake time, then shifts the
// remaining traffic" (CanaryConfiguration)
test.concurrent('CANARY gives the new revision a small share first', async () => {
  await create('canary', {
    strategy: 'CANARY',
    canaryConfiguration: { canaryPercent: 20, canaryBakeTimeInMinutes: 1440 },
  })
  const { url } = balancerOf('canary')
  const arn = await deploy('canary', 'v2')
  await untilDeployment(
    'canary',
    ({ targetServiceRevision: target }) => target?.requestedProductionTrafficWeight === 20,
  )

  const versions: string[] = []
  for (let request = 0; request < 10; request++) versions.push(await versionAt(`${url}/`))
  expect(versions.filter((version) => version === 'v2')).toHaveLength(2)

  // "Rollback speed: Canary deployments enable quick rollback by shifting traffic back to the original task set."
  await lab.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType: 'ROLLBACK' }))
  await untilDeployment('canary', ({ status }) => status === 'ROLLBACK_SUCCESSFUL')
  expect(historyOf(balancerOf('canary').listeners[0]!.rule.arn)).toEqual(['80:20', '100:0'])
})

describe.concurrent('a pause hook', () => {
  // "The deployment remains paused until you call ContinueServiceDeployment with the hookId and an action of CONTINUE or
  // ROLLBACK" (Pause hooks for Amazon ECS service deployments)
  test('holds a deployment until it is continued, and ROLLBACK takes it back from after the shift', async () => {
    const before = await create('paused', { strategy: 'BLUE_GREEN' })
    await pauseAt('paused', 'POST_TEST_TRAFFIC_SHIFT', 'POST_PRODUCTION_TRAFFIC_SHIFT')
    expect((await describeOne('paused')).currentServiceDeployment).toBe(before.currentServiceDeployment)
    const serviceDeploymentArn = await deploy('paused', 'v2')
    const pausedAt = (stage: ServiceDeployment['lifecycleStage']) =>
      untilDeployment(
        'paused',
        ({ lifecycleStage, lifecycleHookDetails: hooks }) =>
          lifecycleStage === stage && hooks?.[0]?.status === 'AWAITING_ACTION',
      )
    const resumeHook = (hookId: string) =>
      lab.ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn, hookId }))

    const first = await pausedAt('POST_TEST_TRAFFIC_SHIFT')
    const [hook] = first.lifecycleHookDetails ?? []
    expect(hook).toMatchObject({
      hookId: expect.stringMatching(/^ecs-pause-[\w-]{43}$/),
      targetType: 'PAUSE',
      // "ROLLBACK (default)"
      timeoutAction: 'ROLLBACK',
      expiresAt: expect.any(Date),
    })
    expect(await versionAt(balancerOf('paused').url)).toBe('v1')
    await expect(resumeHook('ecs-pause-none')).rejects.toMatchObject({ name: 'InvalidParameterException' })
    await resumeHook(hook?.hookId ?? '')
    await expect(resumeHook(hook?.hookId ?? '')).rejects.toMatchObject({ name: 'InvalidParameterException' })

    const second = await pausedAt('POST_PRODUCTION_TRAFFIC_SHIFT')
    expect(await versionAt(balancerOf('paused').url)).toBe('v2')
    await resume(serviceDeploymentArn, 'ROLLBACK')

    const { rollback } = await untilDeployment('paused', ({ status }) => status === 'ROLLBACK_SUCCESSFUL')
    expect(rollback?.serviceRevisionArn).toBe(second.sourceServiceRevisions?.[0]?.arn)
    expect(historyOf(serviceDeploymentArn)).toEqual([
      'IN_PROGRESS',
      'ROLLBACK_REQUESTED',
      'ROLLBACK_IN_PROGRESS',
      'ROLLBACK_SUCCESSFUL',
    ])
    expect(await versionAt(balancerOf('paused').url)).toBe('v1')
    expect((await describeOne('paused')).taskDefinition).toBe(before.taskDefinition)
  })

  // "If you do not call ContinueServiceDeployment before the timeout expires, Amazon ECS takes the configured timeout
  // action" (Pause hooks, Timeout behavior)
  test('that nobody continues times out', async () => {
    await create('expired', { strategy: 'BLUE_GREEN' })
    const hook = (stage: 'PRE_SCALE_UP' | 'POST_SCALE_UP', action: 'CONTINUE' | 'ROLLBACK') => ({
      targetType: 'PAUSE' as const,
      lifecycleStages: [stage],
      timeoutConfiguration: { timeoutInMinutes: 1, action },
    })
    const lifecycleHooks = [hook('PRE_SCALE_UP', 'CONTINUE'), hook('POST_SCALE_UP', 'ROLLBACK')]
    const hooked = { cluster: 'test', service: 'expired', deploymentConfiguration: { lifecycleHooks } }
    await lab.ecs.send(new UpdateServiceCommand(hooked))

    const arn = await deploy('expired', 'v2')
    await untilDeployment('expired', ({ status }) => status === 'ROLLBACK_SUCCESSFUL')

    const stages = historyOf(`${arn} stage`)
    expect(stages.slice(0, 3)).toEqual(['PRE_SCALE_UP', 'SCALE_UP', 'POST_SCALE_UP'])
    expect(stages).not.toContain('POST_TEST_TRAFFIC_SHIFT')
  })

  const cases: readonly (readonly [string, object, string])[] = [
    // "Pause hooks cannot be configured at the TEST_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT stages."
    [
      'where traffic shifts',
      { lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['TEST_TRAFFIC_SHIFT'] }] },
      'cannot be configured at the TEST_TRAFFIC_SHIFT stage',
    ],
    // "Pause hooks do not use hookTargetArn or roleArn."
    [
      'with a target',
      { lifecycleHooks: [{ targetType: 'PAUSE', hookTargetArn: 'arn:x', lifecycleStages: ['PRE_SCALE_UP'] }] },
      'no hookTargetArn',
    ],
    // The lab has no Lambda.
    [
      'that is a function',
      { lifecycleHooks: [{ hookTargetArn: 'arn:x', lifecycleStages: ['PRE_SCALE_UP'] }] },
      'PAUSE',
    ],
    // "Only valid when the deployment strategy is LINEAR."
    ['beside steps of another strategy', { linearConfiguration: { stepPercent: 10 } }, 'only valid with'],
    // "Valid values are multiples of 0.1 from 3.0 to 100.0."
    ['beside steps too small', { strategy: 'LINEAR', linearConfiguration: { stepPercent: 1 } }, 'at least 3'],
  ]
  test.each(cases)('%s is refused', async (what, change, message) => {
    const deploymentConfiguration = { strategy: 'BLUE_GREEN' as const, ...change }
    const taskDefinition = await register(what.replaceAll(' ', '-'), 'v1')
    const input = { cluster: 'test', serviceName: 'refused', taskDefinition, desiredCount: 1 }
    const launch = { launchType: 'FARGATE' as const, networkConfiguration: network, loadBalancers: [balanced('green')] }
    await expect(
      lab.ecs.send(new CreateServiceCommand({ ...input, ...launch, deploymentConfiguration })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException', message: expect.stringContaining(message) })
  })
})

// "Only when green tasks pass health checks does the deployment proceed to the next phase." "If any validation fails, the
// deployment can be automatically rolled back" (Amazon ECS blue/green service deployments workflow)
test.concurrent('a green revision that is never healthy gets no request; the circuit breaker takes it back', async () => {
  await create('broken', {
    strategy: 'BLUE_GREEN',
    deploymentCircuitBreaker: { enable: true, rollback: true },
  })
  await using visitors = startVisitors(`${balancerOf('broken').url}/`, 1)

  const arn = await deploy('broken', 'crashing')
  const failed = await untilDeployment('broken', ({ status }) => status === 'ROLLBACK_SUCCESSFUL')
  await visitors.stop()

  expect(failed).toMatchObject({
    rollback: { reason: 'Service deployment rolled back because the circuit breaker threshold was exceeded.' },
    deploymentCircuitBreaker: { status: 'TRIGGERED', failureCount: 3 },
  })
  expect(historyOf(`${arn} stage`)).not.toContain('POST_SCALE_UP')
  expect(visitors.failures).toEqual([])
  expect([...visitors.versions]).toEqual(['v1'])
})

// "RECONCILE_SERVICE: The reconciliation stage that only happens when you start a new service deployment with more than
// 1 service revision in an ACTIVE state." (ServiceDeployment, lifecycleStage)
test.concurrent('a deployment that takes the place of another begins with one revision again: the one that serves', async () => {
  await create('twice', { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 1440 })
  const first = await deploy('twice', 'v2')
  await untilStage('twice', 'BAKE_TIME')
  await pauseAt('twice', 'PRE_SCALE_UP')

  const second = await deploy('twice', 'v3')
  const { sourceServiceRevisions } = await untilStage('twice', 'PRE_SCALE_UP')

  expect(historyOf(first)).toEqual(['IN_PROGRESS', 'STOPPED'])
  expect(historyOf(`${second} stage`)[0]).toBe('RECONCILE_SERVICE')
  expect(sourceServiceRevisions?.map((source) => source.requestedProductionTrafficWeight)).toContain(100)
  expect((await describeOne('twice')).deployments).toHaveLength(2)
  expect(await versionAt(balancerOf('twice').url)).toBe('v2')
})

test('a service without tasks goes through the stages as well', async () => {
  await using own = await startEcs({
    world: {
      loadBalancers: [{ name: 'web', targetGroup: { name: 'a' }, alternateTargetGroup: { name: 'b' } }],
      taskDefinitions: [definitionOf('empty', { ...shell('app', 'true'), portMappings: [{ containerPort: 80 }] })],
      clusters: [{ clusterName: 'test' }],
    },
  })
  const [balancer] = own.balancer.loadBalancers
  const [production] = balancer!.listeners
  const input = { cluster: 'test', serviceName: 'empty', taskDefinition: 'empty', desiredCount: 0 }
  const advancedConfiguration = {
    alternateTargetGroupArn: balancer!.alternate!.arn,
    productionListenerRule: production!.rule.arn,
    roleArn: 'arn:aws:iam::123456789012:role/ecs-elb',
  }
  const loadBalancer = { targetGroupArn: balancer!.group.arn, containerName: 'app', containerPort: 80 }
  await own.ecs.send(
    new CreateServiceCommand({
      ...input,
      launchType: 'FARGATE',
      networkConfiguration: network,
      loadBalancers: [{ ...loadBalancer, advancedConfiguration }],
      deploymentConfiguration: { strategy: 'CANARY', canaryConfiguration: { canaryBakeTimeInMinutes: 0 } },
    }),
  )
  await own.service.settled()
  await own.ecs.send(new UpdateServiceCommand({ cluster: 'test', service: 'empty', forceNewDeployment: true }))
  await own.service.settled()
  expect(production!.rule.forwards.map(({ weight }) => weight)).toEqual([0, 100])
})
