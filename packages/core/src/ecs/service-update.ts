import { type Service, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import type { ActionContext } from '../action.ts'
import { ActionError } from '../errors.ts'
import { primaryDeployment } from './baseline.ts'
import type { Ecs } from './ecs-client.ts'
import { recordDeployment } from './job-record.ts'
import { shortName } from './names.ts'
import { hasNativeStrategy } from './native-strategy.ts'
import type { Change } from './rollout-progress.ts'
import { listServiceDeployments } from './service-deployments.ts'

/**
 * Asks ECS to run another revision, and nothing else: what UpdateService is not given stays as it is. It is recorded
 * for this job before and after (job-record.ts). Sending it again is harmless, so a lost answer is.
 */
export async function updateService(
  ecs: Ecs,
  context: ActionContext,
  request: { cluster: string; name: string; service: Service; taskDefinition: string; force?: boolean },
): Promise<Change> {
  const { cluster, name, service, taskDefinition, force = false } = request
  const before = (service.deployments ?? []).flatMap((deployment) => deployment.id ?? [])
  const intent = { serviceArn: service.serviceArn ?? name, taskDefinition, before }
  // An older deployment of the same revision must not be taken for the one that is about to begin.
  const previous = hasNativeStrategy(service) ? await newestServiceDeployment(ecs, cluster, name) : undefined
  await recordDeployment(context, intent)
  const updated = await ecs.caller.call({
    operation: 'ecs:UpdateService',
    subject: `service ${name} in cluster ${cluster} (to ${shortName(taskDefinition)})`,
    send: async (abortSignal) => {
      const command = new UpdateServiceCommand({
        cluster,
        service: name,
        taskDefinition,
        ...(force && { forceNewDeployment: true }),
      })
      return (await ecs.client.send(command, { abortSignal })).service ?? {}
    },
  })
  const deployment = updated.deployments?.find(
    (candidate) => candidate.status === 'PRIMARY' && candidate.taskDefinition === taskDefinition,
  )
  const deploymentId = deployment?.id
  if (deploymentId === undefined) {
    const instead = primaryDeployment(updated)
    throw new ActionError(
      'wrong-state',
      `The service ${name} was asked to run ${shortName(taskDefinition)}, but its primary deployment is ${instead?.id ?? 'missing'} of ${shortName(instead?.taskDefinition)}.`,
      {
        advice:
          'Somebody else deploys this service at the same time. Let one deployment finish, then run the job again.',
      },
    )
  }
  await recordDeployment(context, { ...intent, deploymentId })
  return {
    service: name,
    taskDefinition,
    deploymentId,
    before,
    ...(previous !== undefined && { previousServiceDeployment: previous }),
  }
}

async function newestServiceDeployment(ecs: Ecs, cluster: string, service: string): Promise<string | undefined> {
  const [newest] = await listServiceDeployments(ecs, { cluster, service }, 1)
  return newest?.serviceDeploymentArn
}
