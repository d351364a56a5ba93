import type { TargetGroup } from '../balancer/target-group.ts'
import type { LabClock } from '../lab-clock.ts'
import type { Deployment } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import { judgeTask, type TaskHealth } from './service-health.ts'
import type { Task } from './task.ts'

/** The time between attempts to start tasks that keep failing grows up to 27 minutes. (Amazon ECS service throttle logic) */
const firstThrottledFailure = 3
const longestThrottleSeconds = 27 * 60

export interface UnhealthyTask {
  readonly task: Task
  readonly deployment: Deployment
  readonly health: Extract<TaskHealth, { kind: 'unhealthy' }>
}

export interface Judgement {
  readonly unhealthy: readonly UnhealthyTask[]
  /** When to look again, unless something happens before. */
  readonly againAfterMs: number
}

/** What the scheduler knows of a service's tasks: how they are, which have died, how often in a row. */
export class ServiceLedger {
  readonly #service: ManagedService
  readonly #clock: LabClock
  readonly #targetGroup: (arn: string) => TargetGroup | undefined
  readonly #health = new Map<Task, TaskHealth>()
  readonly #everHealthy = new WeakSet<Task>()
  readonly #accounted = new WeakSet<Task>()

  constructor(
    service: ManagedService,
    host: { readonly clock: LabClock; readonly targetGroup: (arn: string) => TargetGroup | undefined },
  ) {
    this.#service = service
    this.#clock = host.clock
    this.#targetGroup = host.targetGroup
  }

  isHealthy(task: Task): boolean {
    return this.#health.get(task)?.kind === 'healthy'
  }

  /** Counts tasks that have died, and lets go of those that are gone. True when a task was told to stop since. */
  account(deployment: Deployment): boolean {
    let changed = false
    for (const task of deployment.tasks) {
      if (task.desiredStatus === 'STOPPED' && !this.#accounted.has(task)) {
        this.#accounted.add(task)
        changed = true
        if (hasDied(task) && !this.#everHealthy.has(task)) this.countFailure(deployment)
      }
      if (task.lastStatus === 'STOPPED') {
        deployment.tasks.delete(task)
        this.#health.delete(task)
      }
    }
    return changed
  }

  /** "A task is considered a failure if the service scheduler can't launch the task, the task doesn't transition to a
   * RUNNING state, or if it fails any of its defined health checks and is stopped." (Deployment, failedTasks) */
  countFailure(deployment: Deployment): void {
    deployment.failedTasks += 1
    deployment.startFailures += 1
    deployment.updatedAt = new Date()
    if (deployment.startFailures < firstThrottledFailure) return
    if (deployment.startFailures === firstThrottledFailure) this.#service.events.unableToStart()
    const seconds = Math.min(10 * 2 ** (deployment.startFailures - firstThrottledFailure), longestThrottleSeconds)
    deployment.retryAt = performance.now() + this.#clock.scaledMs(seconds)
  }

  /** Looks at every living task. */
  judge(): Judgement {
    const unhealthy: UnhealthyTask[] = []
    let againAfterMs = Number.POSITIVE_INFINITY
    for (const deployment of this.#service.deployments) {
      for (const task of deployment.alive()) {
        const seen = { clock: this.#clock, targetGroup: this.#targetGroup }
        const health = judgeTask(task, deployment, this.#service, seen)
        this.#health.set(task, health)
        if (health.kind === 'healthy') this.#becameHealthy(task, deployment)
        if (health.kind === 'starting') againAfterMs = Math.min(againAfterMs, health.afterMs ?? againAfterMs)
        if (health.kind === 'unhealthy') unhealthy.push({ task, deployment, health })
      }
    }
    return { unhealthy, againAfterMs }
  }

  /** The scheduler stops the task for its health; its end is no further failure. */
  condemn({ task, deployment }: UnhealthyTask): void {
    this.#accounted.add(task)
    if (deployment.rolloutState === 'IN_PROGRESS') this.countFailure(deployment)
  }

  /** "a task that reaches a healthy state resets the failure count to 0" (DeploymentCircuitBreaker) */
  #becameHealthy(task: Task, deployment: Deployment): void {
    if (this.#everHealthy.has(task)) return
    this.#everHealthy.add(task)
    if (this.#service.configuration.deploymentCircuitBreaker.resetOnHealthyTask !== false) deployment.failedTasks = 0
    deployment.startFailures = 0
    deployment.retryAt = 0
    deployment.updatedAt = new Date()
  }
}

function hasDied({ stopCause }: Task): boolean {
  return stopCause?.stopCode === 'EssentialContainerExited' || stopCause?.stopCode === 'TaskFailedToStart'
}
