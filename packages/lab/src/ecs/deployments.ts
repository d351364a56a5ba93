import type { LabContext } from '../service.ts'
import { ecsArn } from './arns.ts'
import { Deployment, type RevisionSettings, type RolloutState } from './deployment.ts'
import type { Identifiers } from './identifiers.ts'
import type { ManagedService } from './managed-service.ts'
import { ServiceDeployment } from './service-deployment.ts'
import { serving, sideOf } from './sides.ts'

/** Between PENDING and IN_PROGRESS, or a request to stop and its start, AWS takes some 150 ms. */
const requestSeconds = 0.15

const byUser = {
  reason: 'Service deployment rolled back because of a user request.',
  event: 'stopped by a user request',
}

/** How deployments of services begin and end. */
export class Deployments {
  readonly #context: LabContext
  readonly #identifiers: Identifiers

  constructor(context: LabContext, identifiers: Identifiers) {
    this.#context = context
    this.#identifiers = identifiers
  }

  /** Deploys the service's present settings. One that is still going on is stopped and replaced. */
  start(service: ManagedService): Deployment {
    const { cluster, name, arn } = service.identity
    const number = this.#identifiers.revision()
    const revisionArn = ecsArn(this.#context, 'service-revision', cluster.name, name, number)
    const { strategy } = service.configuration
    const sources = service.deployments.filter(({ tasks, status }) => status === 'PRIMARY' || tasks.size > 0)
    const blue = serving(sources)
    const settings = settingsOf(service)
    const deployment = new Deployment(number, { revisionArn, settings, strategy, side: sideOf(strategy, blue) })
    // Tasks of a rolling deployment share the traffic with those they replace; others are given theirs later.
    if (strategy === 'ROLLING') deployment.productionWeight = 100
    else deployment.scaled = false
    const serviceDeployment = new ServiceDeployment(
      {
        arn: ecsArn(this.#context, 'service-deployment', cluster.name, name, this.#identifiers.serviceDeployment()),
        serviceArn: arn,
        clusterArn: cluster.arn,
        sources,
        target: deployment,
        blue: strategy === 'ROLLING' ? undefined : blue,
        configuration: service.configuration,
      },
      this.#context.journal,
    )
    this.#replace(service, serviceDeployment.identity.arn)
    // CodeDeploy keeps a history of its own.
    if (service.identity.controller === 'ECS') {
      service.serviceDeployments = [serviceDeployment, ...service.serviceDeployments]
      void this.#later(() => {
        if (serviceDeployment.status === 'PENDING') serviceDeployment.become('IN_PROGRESS')
      })
    }
    service.history = [...service.history, deployment]
    this.#makePrimary(service, deployment)
    this.#note(service, deployment, 'none')
    return deployment
  }

  complete(service: ManagedService, deployment: Deployment): void {
    this.#turn(service, deployment, 'COMPLETED', `ECS deployment ${deployment.id} completed.`)
    deployment.completed = true
    service.history = [...service.history.filter((other) => other !== deployment), deployment]
    if (service.identity.controller === 'ECS') service.events.deploymentCompleted(deployment.id)
    const [ongoing] = service.serviceDeployments
    if (!ongoing?.ongoing) return
    // A rollback that was asked for this moment has nothing left to start: the service is where it shall go.
    const wentBack = ongoing.rollback !== undefined
    if (wentBack && ongoing.status === 'ROLLBACK_REQUESTED') ongoing.become('ROLLBACK_IN_PROGRESS')
    ongoing.become(wentBack ? 'ROLLBACK_SUCCESSFUL' : 'SUCCESSFUL')
  }

  /**
   * The circuit breaker's verdict. "When the deployment circuit breaker does not find a deployment that is in a
   * COMPLETED state, the circuit breaker does not launch new tasks and the deployment is stalled." (How the Amazon ECS
   * deployment circuit breaker detects failures)
   */
  fail(service: ManagedService, deployment: Deployment): void {
    this.#turn(service, deployment, 'FAILED', 'ECS deployment circuit breaker: tasks failed to start.')
    service.events.deploymentFailed(deployment.id, 'tasks failed to start')
    const [ongoing] = service.serviceDeployments
    if (ongoing !== undefined) ongoing.breakerTriggered = true
    if (ongoing?.rollback !== undefined) {
      ongoing.become('ROLLBACK_FAILED', 'The rollback failed because the circuit breaker threshold was exceeded.')
      return
    }
    const { rollback } = service.configuration.deploymentCircuitBreaker
    const target = rollback ? this.rollbackTarget(service) : undefined
    const exceeded = 'because the circuit breaker threshold was exceeded.'
    if (target === undefined) ongoing?.become('STOPPED', `Service deployment stopped ${exceeded}`)
    else if (ongoing !== undefined) {
      ongoing.rollback = { reason: `Service deployment rolled back ${exceeded}`, startedAt: new Date(), target }
      ongoing.become('ROLLBACK_IN_PROGRESS', ongoing.rollback.reason)
      this.#takeUp(service, target, `ECS deployment circuit breaker: rolling back to deploymentId ${target.id}.`)
    }
  }

  /** "it looks for the most recent deployment that is in a COMPLETED state"; where traffic is shifted, what served. */
  rollbackTarget(service: ManagedService): Deployment | undefined {
    const [ongoing] = service.serviceDeployments
    if (ongoing?.staged) return ongoing.identity.blue
    return service.history.findLast((deployment) => deployment.completed && deployment !== service.primary)
  }

  /**
   * "The service deployment moves to the ROLLBACK_REQUESTED state, and then the rollback operation starts." (Stopping
   * Amazon ECS service deployments)
   */
  rollBack(
    service: ManagedService,
    serviceDeployment: ServiceDeployment,
    target: Deployment,
    { reason, event } = byUser,
  ): void {
    const failed = service.primary
    if (failed !== undefined) {
      this.#turn(service, failed, 'FAILED', `ECS deployment ${failed.id} was stopped.`)
      service.events.deploymentFailed(failed.id, event)
    }
    serviceDeployment.rollback = { reason, startedAt: new Date(), target }
    serviceDeployment.become('ROLLBACK_REQUESTED', reason)
    this.#takeUp(service, target, `ECS deployment ${target.id} in progress: rolling back.`)
    void this.#later(() => {
      if (serviceDeployment.status === 'ROLLBACK_REQUESTED') serviceDeployment.become('ROLLBACK_IN_PROGRESS')
    })
  }

  /** Leaves everything as it is at this moment: nothing more is started or replaced. */
  abort(
    service: ManagedService,
    serviceDeployment: ServiceDeployment,
    reason = 'Service deployment stopped because of a user request.',
  ): void {
    const stopped = service.primary
    if (stopped !== undefined) this.#turn(service, stopped, 'FAILED', `ECS deployment ${stopped.id} was stopped.`)
    serviceDeployment.become('STOP_REQUESTED', reason)
    void this.#later(() => {
      if (serviceDeployment.status === 'STOP_REQUESTED') serviceDeployment.become('STOPPED', reason)
    })
  }

  #takeUp(service: ManagedService, target: Deployment, reason: string): void {
    service.events.rollingBack(target.id)
    service.settings = target.settings
    target.failedTasks = 0
    target.startFailures = 0
    target.retryAt = 0
    this.#makePrimary(service, target)
    this.#turn(service, target, 'IN_PROGRESS', reason)
  }

  #replace(service: ManagedService, by: string): void {
    const [before] = service.serviceDeployments
    if (before?.ongoing) before.become('STOPPED', `Service deployment stopped because it was replaced by ${by}.`)
  }

  #makePrimary(service: ManagedService, deployment: Deployment): void {
    for (const other of service.deployments) other.status = 'ACTIVE'
    deployment.status = 'PRIMARY'
    service.deployments = [deployment, ...service.deployments.filter((other) => other !== deployment)]
  }

  #turn(service: ManagedService, deployment: Deployment, state: RolloutState, reason: string): void {
    const before = deployment.rolloutState
    deployment.turn(state, reason)
    this.#note(service, deployment, before)
  }

  #note(service: ManagedService, { id, rolloutState, rolloutStateReason }: Deployment, before: string): void {
    this.#context.journal.change('ecs', `${service.identity.arn} ${id}`, before, rolloutState, rolloutStateReason)
  }

  async #later(then: () => void): Promise<void> {
    if (await this.#context.clock.sleep(requestSeconds)) then()
  }
}

/** @throws Error for a service with an external controller, which has no deployments */
function settingsOf({ settings, identity }: ManagedService): RevisionSettings {
  if (settings === undefined) throw new Error(`Service ${identity.name} has no revision to deploy`)
  return settings
}
