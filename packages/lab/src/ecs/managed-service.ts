import type { Cluster } from './clusters.ts'
import type { Deployment, RevisionSettings } from './deployment.ts'
import type { DeploymentConfiguration, SchedulingStrategy } from './deployment-configuration.ts'
import type { ServiceDeployment } from './service-deployment.ts'
import type { ServiceEvents } from './service-events.ts'
import type { Tag } from './tags.ts'

/** "The deployment controller is the mechanism that determines how tasks are deployed for your service." (CreateService) */
export type DeploymentController = 'ECS' | 'CODE_DEPLOY' | 'EXTERNAL'

/** What UpdateService changes without a new deployment. */
export interface ServiceOptions {
  readonly healthCheckGracePeriodSeconds: number
  readonly enableExecuteCommand: boolean
  readonly enableECSManagedTags: boolean
  readonly propagateTags: 'TASK_DEFINITION' | 'SERVICE' | 'NONE'
  readonly placementConstraints: readonly unknown[]
  readonly placementStrategy: readonly unknown[]
  readonly availabilityZoneRebalancing: 'ENABLED' | 'DISABLED'
}

interface Identity {
  readonly arn: string
  readonly name: string
  readonly cluster: Cluster
  readonly controller: DeploymentController
  readonly scheduling: SchedulingStrategy
  readonly createdBy: string
  /** What CreateService was given, so that the same request again is no other one. */
  readonly parameters: string
}

/** A service and everything that ECS remembers of it. */
export class ManagedService {
  readonly identity: Identity
  readonly createdAt = new Date()
  readonly events: ServiceEvents
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE' = 'ACTIVE'
  desiredCount: number
  /** Undefined with an EXTERNAL controller: "If no primary task set is defined …, the task set fields are null." */
  settings: RevisionSettings | undefined
  configuration: DeploymentConfiguration
  options: ServiceOptions
  tags: readonly Tag[]
  /** The primary one first; those without tasks are dropped. */
  deployments: readonly Deployment[] = []
  /** Every deployment there was, in the order in which they last completed or were made. */
  history: readonly Deployment[] = []
  /** Newest first. */
  serviceDeployments: readonly ServiceDeployment[] = []

  constructor(
    identity: Identity,
    events: ServiceEvents,
    given: Pick<ManagedService, 'desiredCount' | 'settings' | 'configuration' | 'options' | 'tags'>,
  ) {
    this.identity = identity
    this.events = events
    this.desiredCount = given.desiredCount
    this.settings = given.settings
    this.configuration = given.configuration
    this.options = given.options
    this.tags = given.tags
  }

  get primary(): Deployment | undefined {
    return this.deployments.find(({ status }) => status === 'PRIMARY')
  }

  get old(): readonly Deployment[] {
    return this.deployments.filter(({ status }) => status !== 'PRIMARY')
  }

  count() {
    const counts = this.deployments.map((deployment) => deployment.count())
    return {
      running: counts.reduce((sum, { running }) => sum + running, 0),
      pending: counts.reduce((sum, { pending }) => sum + pending, 0),
    }
  }
}
