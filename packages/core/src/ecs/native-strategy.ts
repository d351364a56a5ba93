import type { Service, ServiceDeployment, ServiceDeploymentBrief } from '@aws-sdk/client-ecs'
import type { Ecs } from './ecs-client.ts'
import { shortName } from './names.ts'
import type { Change, Progress } from './rollout-progress.ts'
import { describeServiceDeployments, listServiceDeployments, readRevisionDefinitions } from './service-deployments.ts'

/** How many of the newest deployments are looked through for one's own. */
const LOOK_BACK = 10

/**
 * Whether deployments of the service follow one of ECS's own strategies other than rolling (BLUE_GREEN, LINEAR,
 * CANARY). Theirs have no `rolloutState`: what says how they stand is the service deployment (ECS API, Deployment).
 */
export function hasNativeStrategy(service: Service): boolean {
  const strategy = service.deploymentConfiguration?.strategy ?? 'ROLLING'
  return strategy !== 'ROLLING'
}

/** The newest service deployment that leads to a task definition, as DescribeServiceDeployments shows it. */
export async function findServiceDeployment(
  ecs: Ecs,
  cluster: string,
  change: Pick<Change, 'service' | 'taskDefinition' | 'previousServiceDeployment'>,
): Promise<ServiceDeployment | undefined> {
  const listed = await listServiceDeployments(ecs, { cluster, service: change.service }, LOOK_BACK)
  const newest = listed.slice(0, LOOK_BACK)
  const previous = newest.findIndex((one) => one.serviceDeploymentArn === change.previousServiceDeployment)
  const briefs = previous < 0 ? newest : newest.slice(0, previous)
  const definitions = await readRevisionDefinitions(
    ecs,
    briefs.flatMap((one) => one.targetServiceRevisionArn ?? []),
  )
  const isOurs = (one: ServiceDeploymentBrief): boolean =>
    definitions.get(one.targetServiceRevisionArn ?? '') === change.taskDefinition
  const arn = briefs.find(isOurs)?.serviceDeploymentArn
  return arn === undefined ? undefined : (await describeServiceDeployments(ecs, [arn]))[0]
}

/**
 * Reads how a change stands from its service deployment: traffic may be shifted and the deployment still be in its
 * bake time or wait at a lifecycle hook, so nothing but SUCCESSFUL is the end.
 *
 * @param reverting the change is the rollback of that deployment
 */
export function judgeServiceDeployment(deployment: ServiceDeployment | undefined, reverting: boolean): Progress {
  if (deployment === undefined) return { kind: 'in-progress', state: 'requested' }
  const { status = 'PENDING', lifecycleStage, statusReason } = deployment
  const state = [status, lifecycleStage ?? '', ...describeHooks(deployment)].filter((part) => part !== '').join(', ')
  const reason = statusReason ?? state
  switch (status) {
    case 'SUCCESSFUL':
      return reverting
        ? { kind: 'failed', state: `the deployment that was to be rolled back has finished: ${reason}` }
        : { kind: 'steady', state }
    case 'ROLLBACK_SUCCESSFUL':
      return reverting ? { kind: 'steady', state } : failed(deployment, reason)
    case 'ROLLBACK_REQUESTED':
    case 'ROLLBACK_IN_PROGRESS':
      return reverting ? { kind: 'in-progress', state } : failed(deployment, reason)
    case 'ROLLBACK_FAILED':
    case 'STOPPED':
    case 'STOP_REQUESTED':
      return { kind: 'failed', state: `${status}: ${reason}` }
    default:
      return { kind: 'in-progress', state }
  }
}

function failed(deployment: ServiceDeployment, reason: string): Progress {
  return { kind: 'failed', state: reason, reverting: deployment.rollback?.serviceRevisionArn ?? 'the revision before' }
}

/** A paused hook waits for a person: ContinueServiceDeployment resumes the deployment or rolls it back. */
function describeHooks({ lifecycleHookDetails = [] }: ServiceDeployment): string[] {
  return lifecycleHookDetails
    .filter((hook) => hook.status === 'AWAITING_ACTION' || hook.status === 'IN_PROGRESS')
    .map((hook) =>
      hook.status === 'AWAITING_ACTION'
        ? `paused at hook ${hook.hookId} until somebody continues it (aws ecs continue-service-deployment)`
        : `hook ${shortName(hook.targetArn ?? hook.hookId)} runs`,
    )
}
