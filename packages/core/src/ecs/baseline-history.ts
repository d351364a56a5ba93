import type { EcsBaseline, ServiceBaseline } from './baseline.ts'
import type { Ecs } from './ecs-client.ts'
import { ifAvailable, listServiceDeployments, readRevisionDefinitions } from './service-deployments.ts'

/**
 * A baseline in which services that are not steady right now are remembered by the last deployment of theirs that
 * was: what is in flight or has failed is not something to go back to. Where that cannot be read, they stay as they are.
 */
export async function preferSteady(ecs: Ecs, baseline: EcsBaseline): Promise<EcsBaseline> {
  const services = baseline.services.map(async (entry): Promise<ServiceBaseline> => {
    if (entry.steady) return entry
    const taskDefinition = await ifAvailable(() => findLastSteady(ecs, baseline.cluster, entry.service))
    return taskDefinition === undefined ? entry : { ...entry, taskDefinition, steady: true }
  })
  return { ...baseline, services: await Promise.all(services) }
}

async function findLastSteady(ecs: Ecs, cluster: string, service: string): Promise<string | undefined> {
  const [newest] = await listServiceDeployments(ecs, { cluster, service, status: ['SUCCESSFUL'] }, 1)
  const revision = newest?.targetServiceRevisionArn
  return revision === undefined ? undefined : (await readRevisionDefinitions(ecs, [revision])).get(revision)
}
