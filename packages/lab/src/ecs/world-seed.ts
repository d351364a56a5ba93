import type { Call, Input } from '../service.ts'
import type { World } from '../world.ts'
import { type ContainerLogs, ensureGroup } from './container-log.ts'
import type { EcsState } from './ecs-service.ts'
import { createService, updateService } from './service-operations.ts'

/** Who starts a task without saying on what gets Fargate, as the cluster of most teams is set up. */
const fargateCluster = {
  capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
  defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1, base: 0 }],
}

/** Makes what the world says is there: clusters, task definitions with their log groups, services. */
export function seedWorld(
  world: Pick<World, 'taskDefinitions' | 'clusters'>,
  state: EcsState,
  logs: ContainerLogs,
): void {
  const { accountId } = state.context
  const call: Pick<Call, 'authorize' | 'caller'> = {
    caller: { accessKeyId: '', arn: `arn:aws:iam::${accountId}:root` },
    authorize() {},
  }
  for (const input of world.taskDefinitions) {
    const { content } = state.definitions.seed(input)
    for (const { logConfiguration } of content.containerDefinitions) {
      const group = logConfiguration?.options?.['awslogs-group']
      if (logConfiguration?.logDriver === 'awslogs' && group !== undefined) ensureGroup(logs, group)
    }
  }
  for (const { clusterName, services } of world.clusters) {
    state.clusters.create({ clusterName, ...fargateCluster }, call)
    for (const service of services) seedService({ ...service, cluster: clusterName }, call, state)
  }
}

/** What is there when the lab starts was deployed before: nobody has to continue its first deployment. */
function seedService(service: Input, call: Pick<Call, 'authorize' | 'caller'>, state: EcsState): void {
  const { lifecycleHooks, ...unhooked } = service.deploymentConfiguration ?? {}
  createService({ ...service, deploymentConfiguration: unhooked }, call, state)
  if (lifecycleHooks === undefined) return
  const hooked = { cluster: service.cluster, service: service.serviceName, deploymentConfiguration: { lifecycleHooks } }
  updateService(hooked, call, state)
}
