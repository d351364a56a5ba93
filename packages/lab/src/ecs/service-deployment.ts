import type { Journal } from '../journal.ts'
import type { Output } from '../service.ts'
import { failureThreshold } from './circuit-breaker.ts'
import type { Deployment } from './deployment.ts'
import type { DeploymentConfiguration } from './deployment-configuration.ts'
import type { LifecycleStage, PauseHook } from './lifecycle-hooks.ts'
import { defined } from './task-description.ts'

export type ServiceDeploymentStatus =
  | 'PENDING'
  | 'IN_PROGRESS'
  | 'SUCCESSFUL'
  | 'STOP_REQUESTED'
  | 'STOPPED'
  | 'ROLLBACK_REQUESTED'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_SUCCESSFUL'
  | 'ROLLBACK_FAILED'

/** "Completed: SUCCESSFUL, STOPPED, ROLLBACK_SUCCESSFUL, ROLLBACK_FAILED" (View service history) */
const finished: ReadonlySet<ServiceDeploymentStatus> = new Set([
  'SUCCESSFUL',
  'STOPPED',
  'ROLLBACK_SUCCESSFUL',
  'ROLLBACK_FAILED',
])

interface Identity {
  readonly arn: string
  readonly serviceArn: string
  readonly clusterArn: string
  readonly sources: readonly Deployment[]
  readonly target: Deployment
  /** What serves when the deployment begins, where traffic is shifted: it is rolled back to that. */
  readonly blue: Deployment | undefined
  readonly configuration: DeploymentConfiguration
}

/** The history entry of one deployment, rollback included. (View service history using Amazon ECS service deployments) */
export class ServiceDeployment {
  readonly identity: Identity
  readonly createdAt = new Date()
  status: ServiceDeploymentStatus = 'PENDING'
  statusReason: string | undefined
  startedAt: Date | undefined
  finishedAt: Date | undefined
  stoppedAt: Date | undefined
  updatedAt = new Date()
  rollback: { readonly reason: string; readonly startedAt: Date; readonly target: Deployment } | undefined
  breakerTriggered = false
  /** Undefined for strategy ROLLING. */
  lifecycleStage: LifecycleStage | undefined
  /** Of the present stage. */
  hooks: readonly PauseHook[] = []
  readonly #journal: Journal

  constructor(identity: Identity, journal: Journal) {
    this.identity = identity
    this.#journal = journal
  }

  get ongoing(): boolean {
    return !finished.has(this.status)
  }

  become(status: ServiceDeploymentStatus, reason?: string): void {
    this.#journal.change('ecs', this.identity.arn, this.status, status, reason)
    this.status = status
    this.statusReason = reason ?? this.statusReason
    this.updatedAt = new Date()
    if (status === 'IN_PROGRESS') this.startedAt = this.updatedAt
    if (status === 'STOPPED') this.stoppedAt = this.updatedAt
    if (!this.ongoing) this.finishedAt = this.updatedAt
  }

  /** Only a strategy that shifts traffic has stages. */
  get staged(): boolean {
    return this.identity.configuration.strategy !== 'ROLLING'
  }

  enter(stage: LifecycleStage, hooks: readonly PauseHook[]): void {
    this.#journal.change('ecs', `${this.identity.arn} stage`, this.lifecycleStage ?? 'none', stage)
    this.lifecycleStage = stage
    this.hooks = hooks
    this.updatedAt = new Date()
  }

  brief(): Output {
    const { arn, serviceArn, clusterArn, target } = this.identity
    return defined({
      serviceDeploymentArn: arn,
      serviceArn,
      clusterArn,
      startedAt: this.startedAt,
      createdAt: this.createdAt,
      finishedAt: this.finishedAt,
      targetServiceRevisionArn: target.revisionArn,
      status: this.status,
      statusReason: this.statusReason,
    })
  }

  /** `desired`: how many tasks the service wants now. */
  describe(desired: number): Output {
    const { sources, target, configuration } = this.identity
    const { targetServiceRevisionArn: _, ...brief } = this.brief()
    const { rollback } = this
    return defined({
      ...brief,
      stoppedAt: this.stoppedAt,
      updatedAt: this.updatedAt,
      lifecycleStage: this.lifecycleStage,
      lifecycleHookDetails: this.staged ? this.hooks.map((hook) => hook.describe()) : undefined,
      sourceServiceRevisions: sources.map((source) => this.#summary(source, source.alive().length)),
      targetServiceRevision: this.#summary(target, desired),
      deploymentConfiguration: configuration,
      rollback: rollback && {
        reason: rollback.reason,
        startedAt: rollback.startedAt,
        serviceRevisionArn: rollback.target.revisionArn,
      },
      deploymentCircuitBreaker: this.#describeBreaker(desired),
      alarms: { status: 'DISABLED', alarmNames: [], triggeredAlarmNames: [] },
    })
  }

  #summary(deployment: Deployment, requested: number): Output {
    const { running, pending } = deployment.count()
    const scaled = this.staged ? deployment.scaled : deployment.status === 'PRIMARY'
    const weights = {
      requestedProductionTrafficWeight: deployment.productionWeight,
      requestedTestTrafficWeight: deployment.testWeight,
    }
    return {
      arn: deployment.revisionArn,
      requestedTaskCount: scaled ? requested : deployment.alive().length,
      runningTaskCount: running,
      pendingTaskCount: pending,
      ...(this.staged ? weights : {}),
    }
  }

  #describeBreaker(desired: number): Output {
    const { target, configuration } = this.identity
    const breaker = configuration.deploymentCircuitBreaker
    const status = !breaker.enable
      ? 'DISABLED'
      : this.breakerTriggered
        ? 'TRIGGERED'
        : this.ongoing
          ? 'MONITORING'
          : 'MONITORING_COMPLETE'
    return { status, failureCount: target.failedTasks, threshold: failureThreshold(desired, breaker) }
  }
}
