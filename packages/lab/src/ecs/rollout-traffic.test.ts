import {
  CreateServiceCommand,
  DescribeServicesCommand,
  RegisterTaskDefinitionCommand,
  type Service,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { expect, test } from 'vitest'
import { definitionOf, type EcsForTest, imageOf, network, startEcs, until } from './test-ecs.ts'
import { startVisitors } from './test-visitors.ts'

const web = (tag: string) =>
  definitionOf('web', { name: 'app', image: imageOf(tag), portMappings: [{ containerPort: 8080 }] })

async function createWebService({ ecs, targetGroupArn, service }: EcsForTest) {
  await ecs.send(new RegisterTaskDefinitionCommand(web('v1')))
  await ecs.send(
    new CreateServiceCommand({
      cluster: 'test',
      serviceName: 'web',
      taskDefinition: 'web',
      desiredCount: 2,
      launchType: 'FARGATE',
      networkConfiguration: network,
      loadBalancers: [{ targetGroupArn, containerName: 'app', containerPort: 8080 }],
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    }),
  )
  await service.settled()
}

async function describe({ ecs }: EcsForTest): Promise<Service> {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster: 'test', services: ['web'] }))
  return services[0]!
}

test('a release, a forced deployment and a failing one cost no request at the balancer', async () => {
  await using lab = await startEcs()
  await createWebService(lab)
  await using visitors = startVisitors(`${lab.balancerUrl}/?ms=30`, 6)

  await lab.ecs.send(new RegisterTaskDefinitionCommand(web('v2')))
  await lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service: 'web', taskDefinition: 'web' }))
  await lab.service.settled()
  await until(() => visitors.lastVersion === 'v2')

  const before = new Set(visitors.processes)
  await lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service: 'web', forceNewDeployment: true }))
  await lab.service.settled()
  await until(() => !before.has(visitors.lastProcess))

  await lab.ecs.send(new RegisterTaskDefinitionCommand(web('sick')))
  await lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service: 'web', taskDefinition: 'web' }))
  await lab.service.settled()
  const rolledBack = await describe(lab)
  expect(rolledBack.taskDefinition).toMatch(/web:2$/)
  expect(rolledBack.deployments?.[0]).toMatchObject({ status: 'PRIMARY', rolloutState: 'COMPLETED', runningCount: 2 })

  await visitors.stop()
  expect(visitors.failures).toEqual([])
  expect(visitors.count).toBeGreaterThan(100)
  expect([...visitors.versions]).toEqual(['v1', 'v2'])
})
