import type { Deployment, Service } from '@aws-sdk/client-ecs'
import { primaryDeployment } from './baseline.ts'
import { shortName } from './names.ts'

/** A change of a service that is being followed. */
export interface Change {
  readonly service: string
  readonly taskDefinition: string
  /** Unknown when ECS makes the deployment by itself, as it does after StopServiceDeployment. */
  readonly deploymentId?: string
  /** The deployments that there were before. */
  readonly before: readonly string[]
  /** The newest service deployment before the change, for strategies that are followed by theirs. */
  readonly previousServiceDeployment?: string
  /** The service deployment that ECS rolls back, when the change is that. */
  readonly reverts?: string
}

/** How a change stands. `state` is for people. */
export type Progress =
  | { readonly kind: 'in-progress'; readonly state: string }
  | { readonly kind: 'steady'; readonly state: string }
  /** The deployment failed; `reverting` says that ECS goes back by itself, and to what. `state` may be empty then. */
  | { readonly kind: 'failed'; readonly state: string; readonly reverting?: string }
  /** Another deployment took its place. */
  | { readonly kind: 'replaced'; readonly state: string; readonly by: Deployment }
  /** The service was deleted. */
  | { readonly kind: 'gone'; readonly state: string }

/**
 * Reads from a DescribeServices answer how a change stands (ECS API, Deployment: `rolloutState` is IN_PROGRESS,
 * COMPLETED or FAILED; a deployment that ECS reverts leaves PRIMARY to another one).
 *
 * @param seen the change's deployment was in an earlier answer: its absence now is not eventual consistency
 */
export function judgeRollout(service: Service | undefined, change: Change, seen: boolean): Progress {
  if (service === undefined || service.status !== 'ACTIVE') {
    return { kind: 'gone', state: `the service is ${service?.status ?? 'no longer there'}` }
  }
  const primary = primaryDeployment(service)
  if (primary === undefined) return { kind: 'in-progress', state: 'no deployment is primary yet' }
  if (change.deploymentId === undefined) return judgeByDefinition(primary, service, change)
  const own = service.deployments?.find((deployment) => deployment.id === change.deploymentId)
  if (primary.id === change.deploymentId) return judgePrimary(primary, service, change)
  if (own === undefined && !seen && change.before.includes(primary.id ?? '') && !isRollback(primary)) {
    return { kind: 'in-progress', state: 'requested' }
  }
  // ECS takes an older deployment up again when it reverts; whoever deploys makes a new one.
  if (own?.rolloutState === 'FAILED' || change.before.includes(primary.id ?? '') || isRollback(primary)) {
    return { kind: 'failed', state: own?.rolloutStateReason ?? '', reverting: primary.taskDefinition ?? '' }
  }
  return {
    kind: 'replaced',
    state: `replaced by deployment ${primary.id} of ${shortName(primary.taskDefinition)}`,
    by: primary,
  }
}

/** After a stop with rollback the deployment that brings the old revision back has an id that nobody was told. */
function judgeByDefinition(primary: Deployment, service: Service, change: Change): Progress {
  if (primary.taskDefinition === change.taskDefinition) return judgeCounts(primary, service)
  if (change.before.includes(primary.id ?? '')) return { kind: 'in-progress', state: 'rollback requested' }
  return {
    kind: 'replaced',
    state: `replaced by deployment ${primary.id} of ${shortName(primary.taskDefinition)}`,
    by: primary,
  }
}

function judgePrimary(primary: Deployment, service: Service, change: Change): Progress {
  const progress = judgeCounts(primary, service)
  const breaker = service.deploymentConfiguration?.deploymentCircuitBreaker
  const older = service.deployments?.find(
    (deployment) => deployment.id !== primary.id && change.before.includes(deployment.id ?? ''),
  )
  if (progress.kind === 'failed' && breaker?.enable && breaker.rollback && older?.taskDefinition !== undefined) {
    return { ...progress, reverting: older.taskDefinition }
  }
  return progress
}

function judgeCounts(deployment: Deployment, service: Service): Progress {
  const { rolloutState, runningCount = 0, desiredCount = 0, pendingCount = 0, failedTasks = 0 } = deployment
  const counts = [
    `${runningCount}/${desiredCount} running`,
    ...(pendingCount > 0 ? [`${pendingCount} pending`] : []),
    ...(failedTasks > 0 ? [`${failedTasks} failed`] : []),
  ].join(', ')
  if (rolloutState === 'FAILED') {
    return { kind: 'failed', state: deployment.rolloutStateReason ?? `the deployment failed with ${counts}` }
  }
  if (rolloutState === 'COMPLETED' && runningCount >= desiredCount) return { kind: 'steady', state: counts }
  // Behind a Classic Load Balancer there is no rolloutState: all old tasks gone is the sign then.
  const alone = rolloutState === undefined && service.deployments?.length === 1 && pendingCount === 0
  if (alone && runningCount >= desiredCount) return { kind: 'steady', state: counts }
  return { kind: 'in-progress', state: counts }
}

/** Where ECS makes a new deployment to go back, the reason is the only sign of it ("Deployment circuit breaker", ECS Developer Guide). */
function isRollback(deployment: Deployment): boolean {
  return /rolling back|rollback/i.test(deployment.rolloutStateReason ?? '')
}
