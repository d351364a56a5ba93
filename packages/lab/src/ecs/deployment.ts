import type { CapacityProviderStrategy, NetworkConfiguration } from './input.ts'
import type { LaunchSettings, LaunchType } from './launch-settings.ts'
import type { Task } from './task.ts'
import type { TaskDefinition } from './task-definition.ts'

export interface ServiceLoadBalancer {
  readonly targetGroupArn: string
  readonly containerName: string
  readonly containerPort: number
}

/** What a service revision fixes: a change of any of it is a new deployment. */
export interface RevisionSettings {
  readonly definition: TaskDefinition
  readonly launchType: LaunchType | undefined
  readonly capacityProviderStrategy: CapacityProviderStrategy
  readonly platformVersion: string | undefined
  readonly networkConfiguration: NetworkConfiguration
  readonly loadBalancers: readonly ServiceLoadBalancer[]
  readonly launch: LaunchSettings
}

export type RolloutState = 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'

/**
 * One deployment of a service, with the service revision that it deploys: both carry the same number. A rollback takes
 * up an earlier one again instead of making a new one: "When the rollback starts, the deployment changes from a
 * COMPLETED to IN_PROGRESS." (How the Amazon ECS deployment circuit breaker detects failures)
 */
export class Deployment {
  /** `ecs-svc/<number>`; also the `startedBy` of its tasks. */
  readonly id: string
  readonly revisionArn: string
  readonly settings: RevisionSettings
  readonly createdAt = new Date()
  updatedAt = new Date()
  status: 'PRIMARY' | 'ACTIVE' | 'INACTIVE' = 'PRIMARY'
  rolloutState: RolloutState = 'IN_PROGRESS'
  rolloutStateReason: string
  /** "The number of consecutively failed tasks in the deployment." (Deployment) */
  failedTasks = 0
  /** Reached a steady state at least once, so that it can be rolled back to. */
  completed = false
  /** Tasks that failed to start in a row, for the throttle logic, and when the next one may be tried. */
  startFailures = 0
  retryAt = 0
  readonly tasks = new Set<Task>()

  constructor(number: string, revisionArn: string, settings: RevisionSettings) {
    this.id = `ecs-svc/${number}`
    this.revisionArn = revisionArn
    this.settings = settings
    this.rolloutStateReason = `ECS deployment ${this.id} in progress.`
  }

  /** Tasks that are not told to stop. */
  alive(): readonly Task[] {
    return [...this.tasks].filter(({ desiredStatus }) => desiredStatus === 'RUNNING')
  }

  count() {
    const alive = this.alive()
    const running = alive.filter(({ lastStatus }) => lastStatus === 'RUNNING').length
    return { running, pending: alive.length - running }
  }

  turn(state: RolloutState, reason: string): void {
    this.rolloutState = state
    this.rolloutStateReason = reason
    this.updatedAt = new Date()
  }
}
