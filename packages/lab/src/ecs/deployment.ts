import type { CapacityProviderStrategy, NetworkConfiguration } from './input.ts'
import type { LaunchSettings, LaunchType } from './launch-settings.ts'
import type { Task } from './task.ts'
import type { TaskDefinition } from './task-definition.ts'

/** Where the tasks of one deployment are registered. */
export interface ServiceTarget {
  readonly targetGroupArn: string
  readonly containerName: string
  readonly containerPort: number
}

/** As the service names it; the deployments that shift traffic take the two target groups in turn. */
export interface ServiceLoadBalancer extends ServiceTarget {
  readonly advancedConfiguration?: AdvancedConfiguration
}

export interface AdvancedConfiguration {
  readonly alternateTargetGroupArn: string
  readonly productionListenerRule: string
  readonly testListenerRule?: string | undefined
  readonly roleArn: string
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

export type DeploymentStrategy = 'ROLLING' | 'BLUE_GREEN' | 'LINEAR' | 'CANARY'

/** Which of its load balancers' target groups a deployment has. */
export type Side = 'first' | 'alternate'

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
  readonly strategy: DeploymentStrategy
  readonly side: Side
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
  /** False while the deployment shall have no tasks: a green one before SCALE_UP, a blue one from CLEAN_UP on. */
  scaled = true
  /** Percentages of the load balancers' requests, where traffic is shifted. */
  productionWeight = 0
  testWeight = 0

  constructor(number: string, given: Pick<Deployment, 'revisionArn' | 'settings' | 'strategy' | 'side'>) {
    this.id = `ecs-svc/${number}`
    this.revisionArn = given.revisionArn
    this.settings = given.settings
    this.strategy = given.strategy
    this.side = given.side
    this.rolloutStateReason = `ECS deployment ${this.id} in progress.`
  }

  /** The target groups that the tasks are registered with. */
  get targets(): readonly ServiceTarget[] {
    return this.settings.loadBalancers.map(({ advancedConfiguration, ...first }) => {
      if (advancedConfiguration === undefined || this.side === 'first') return first
      return { ...first, targetGroupArn: advancedConfiguration.alternateTargetGroupArn }
    })
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
