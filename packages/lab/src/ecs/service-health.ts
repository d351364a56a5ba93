import type { TargetGroup } from '../balancer/target-group.ts'
import type { LabClock } from '../lab-clock.ts'
import type { Deployment } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import type { Task } from './task.ts'

/** How the service scheduler sees one of its tasks. */
export type TaskHealth =
  | { readonly kind: 'healthy' }
  /** Look again in `afterMs`, unless something changes before. */
  | { readonly kind: 'starting'; readonly afterMs?: number }
  | { readonly kind: 'unhealthy'; readonly stoppedReason: string; announce(service: ManagedService): void }

/** "the service scheduler will wait for 40 seconds after a task reaches a RUNNING state" (DeploymentConfiguration) */
const unseenSeconds = 40

interface Seen {
  readonly clock: LabClock
  readonly targetGroup: (arn: string) => TargetGroup | undefined
}

/**
 * "If a task has an essential container with a health check defined, the service scheduler will wait for both the task
 * to reach a healthy status and the load balancer target group health check to return a healthy status". With neither,
 * it waits 40 seconds. (DeploymentConfiguration, minimumHealthyPercent)
 */
export function judgeTask(task: Task, deployment: Deployment, service: ManagedService, seen: Seen): TaskHealth {
  const { startedAt } = task.times
  if (task.lastStatus !== 'RUNNING' || startedAt === undefined) return { kind: 'starting' }
  const ageMs = Date.now() - startedAt.getTime()
  // "the period of time, in seconds, that the Amazon ECS service scheduler ignores unhealthy Elastic Load Balancing,
  // VPC Lattice, and container health checks after a task has first started" (healthCheckGracePeriodSeconds)
  const graceMs = seen.clock.scaledMs(service.options.healthCheckGracePeriodSeconds) - ageMs
  const unhealthy = judgeContainers(task) ?? judgeTargets(task, deployment, seen)
  if (unhealthy?.kind === 'unhealthy' && graceMs > 0) return { kind: 'starting', afterMs: graceMs }
  if (unhealthy !== undefined) return unhealthy
  const checked = deployment.targets.length > 0 || hasHealthCheck(task)
  const unseenMs = checked ? 0 : seen.clock.scaledMs(unseenSeconds) - ageMs
  return unseenMs > 0 ? { kind: 'starting', afterMs: unseenMs } : { kind: 'healthy' }
}

function hasHealthCheck({ containers }: Task): boolean {
  return containers.some(({ definition }) => definition.essential && definition.healthCheck !== undefined)
}

/** Undefined when nothing speaks against the task. */
function judgeContainers(task: Task): TaskHealth | undefined {
  if (!hasHealthCheck(task) || task.healthStatus === 'HEALTHY') return undefined
  if (task.healthStatus === 'UNKNOWN') return { kind: 'starting' }
  return {
    kind: 'unhealthy',
    stoppedReason: 'Task failed container health checks',
    announce: ({ events }) => events.failedContainerChecks(task.plan.id),
  }
}

function judgeTargets(task: Task, { targets }: Deployment, { targetGroup }: Seen): TaskHealth | undefined {
  let starting: TaskHealth | undefined
  for (const { targetGroupArn, containerPort } of targets) {
    const health = targetGroup(targetGroupArn)?.healthOf(task.plan.address, containerPort)
    if (health?.state === 'healthy') continue
    if (health?.state !== 'unhealthy') {
      starting = { kind: 'starting' }
      continue
    }
    return {
      kind: 'unhealthy',
      stoppedReason: `Task failed ELB health checks in (target-group ${targetGroupArn})`,
      announce: ({ events }) =>
        events.unhealthyTarget(task.plan.id, containerPort, targetGroupArn, health.description ?? ''),
    }
  }
  return starting
}
