import type { LabContext } from '../service.ts'
import { failureThreshold } from './circuit-breaker.ts'
import type { Deployment } from './deployment.ts'
import type { Deployments } from './deployments.ts'
import type { Identifiers } from './identifiers.ts'
import type { ManagedService } from './managed-service.ts'
import { nextStep } from './rollout.ts'
import { ServiceLedger } from './service-ledger.ts'
import type { Balancers } from './service-load-balancer.ts'
import { ServiceWorkforce } from './service-workforce.ts'
import { StagedRollout } from './staged-rollout.ts'
import type { Tasks } from './tasks.ts'
import { shiftTraffic } from './traffic-routing.ts'

export interface SchedulerHost extends Balancers {
  readonly context: LabContext
  readonly tasks: Tasks
  readonly deployments: Deployments
  readonly identifiers: Identifiers
}

/** The scheduler looks at a service this long after something has happened to it. */
const reactionSeconds = 1

/** Keeps one service at its desired count and rolls its deployments, a step whenever something has changed. */
export class ServiceScheduler {
  readonly service: ManagedService
  readonly #host: SchedulerHost
  readonly #ledger: ServiceLedger
  readonly #workforce: ServiceWorkforce
  #staged: StagedRollout | undefined
  #steady = false
  #looked = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined
  #wakeAt = Number.POSITIVE_INFINITY
  #closed = false

  constructor(service: ManagedService, host: SchedulerHost) {
    this.service = service
    this.#host = host
    this.#ledger = new ServiceLedger(service, { clock: host.context.clock, targetGroup: host.targetGroup })
    this.#workforce = new ServiceWorkforce(service, host, {
      ledger: this.#ledger,
      wake: (afterMs) => this.wake(afterMs),
    })
  }

  get steady(): boolean {
    return this.#steady
  }

  /** Resolves when the scheduler has looked at the service again. */
  nextLook(): Promise<void> {
    return this.#looked.promise
  }

  wake(afterMs = this.#host.context.clock.scaledMs(reactionSeconds)): void {
    const at = performance.now() + afterMs
    if (this.#closed || at >= this.#wakeAt) return
    clearTimeout(this.#timer)
    this.#wakeAt = at
    this.#timer = setTimeout(() => {
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.#reconcile()
    }, afterMs)
  }

  /** From now on something else than the steady state is wanted. */
  unsettle(): void {
    this.#steady = false
    this.wake()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#looked.resolve()
  }

  #reconcile(): void {
    const { service } = this
    for (const deployment of service.deployments) if (this.#ledger.account(deployment)) this.#steady = false
    const replaced = this.#judge()
    const staged = this.#stagedRollout()
    service.deployments = service.deployments.filter(
      ({ status, tasks, scaled }) => status === 'PRIMARY' || tasks.size > 0 || (staged !== undefined && scaled),
    )
    if (service.primary !== undefined) this.#breakCircuit(service.primary)
    if (staged !== undefined) {
      staged.advance()
      for (const deployment of service.deployments) this.#keepUp(deployment, replaced)
    } else if (service.primary !== undefined) {
      this.#step(service.primary, replaced)
      this.#complete()
    } else if (service.identity.controller === 'EXTERNAL') this.#steady = true
    this.#finishDeletion()
    this.#looked.resolve()
    this.#looked = Promise.withResolvers<void>()
  }

  /** Stops the unhealthy tasks and returns how many the primary deployment has to replace. */
  #judge(): number {
    const { unhealthy, againAfterMs } = this.#ledger.judge()
    if (againAfterMs < Number.POSITIVE_INFINITY) this.wake(againAfterMs)
    for (const found of unhealthy) {
      found.health.announce(this.service)
      this.#ledger.condemn(found)
      this.#workforce.stop([found.task], found.health.stoppedReason)
    }
    return unhealthy.filter(({ deployment }) => deployment.status === 'PRIMARY').length
  }

  #breakCircuit(deployment: Deployment): void {
    const { deploymentCircuitBreaker: breaker } = this.service.configuration
    if (!breaker.enable || deployment.rolloutState !== 'IN_PROGRESS') return
    if (deployment.failedTasks < failureThreshold(this.service.desiredCount, breaker)) return
    this.#steady = false
    this.#host.deployments.fail(this.service, deployment)
  }

  #step(primary: Deployment, replaced: number): void {
    const { service } = this
    // "A deployment in FAILED state doesn't launch any new tasks." (Deployment, rolloutState)
    if (primary.rolloutState === 'FAILED') {
      for (const deployment of service.deployments) this.#trim(deployment, service.desiredCount)
      return
    }
    const oldTasks = service.old.flatMap((deployment) => deployment.alive())
    const newTasks = primary.alive()
    const healthyOld = oldTasks.filter((task) => this.#ledger.isHealthy(task))
    const step = nextStep({
      desired: service.desiredCount,
      ...service.configuration,
      newAlive: newTasks.length,
      newHealthy: newTasks.filter((task) => this.#ledger.isHealthy(task)).length,
      oldAlive: oldTasks.length,
      oldHealthy: healthyOld.length,
    })
    if (step.stuck) service.events.stuck()
    const started = this.#workforce.start(primary, step.start, replaced)
    const idleOld = oldTasks.filter((task) => !this.#ledger.isHealthy(task))
    const surplus = newTasks.toSorted((a, b) => Number(this.#ledger.isHealthy(a)) - Number(this.#ledger.isHealthy(b)))
    const stopped = [...idleOld, ...healthyOld.slice(0, step.stopOld), ...surplus.slice(0, step.stopNew)]
    this.#workforce.stop(stopped, `Scaling activity initiated by (deployment ${primary.id})`)
    if (started + stopped.length > 0) this.#steady = false
  }

  /** The one that is going on; undefined while deployments are rolling. */
  #stagedRollout(): StagedRollout | undefined {
    const [current] = this.service.serviceDeployments
    if (current === undefined || !current.staged || !current.ongoing) return undefined
    if (this.#staged?.serviceDeployment === current) return this.#staged
    const { service } = this
    const { context, identifiers, deployments } = this.#host
    this.#staged = new StagedRollout(service, current, {
      clock: context.clock,
      identifiers,
      routing: { ...this.#host, journal: context.journal },
      isFull: (deployment) => this.#isFull(deployment),
      wake: (afterMs) => this.wake(afterMs),
      complete: () => {
        if (service.primary !== undefined) deployments.complete(service, service.primary)
        this.unsettle()
      },
      rollBack: (reason, event) => {
        const target = deployments.rollbackTarget(service)
        if (target !== undefined) deployments.rollBack(service, current, target, { reason, event })
        else deployments.abort(service, current, reason)
        this.unsettle()
      },
    })
    return this.#staged
  }

  /** Beside each other, the revisions of a deployment that shifts traffic have all their tasks each. */
  #keepUp(deployment: Deployment, replaced: number): void {
    const alive = deployment.alive()
    const wanted = deployment.scaled ? this.service.desiredCount : 0
    const missing = deployment.rolloutState === 'FAILED' ? 0 : wanted - alive.length
    if (missing > 0) this.#workforce.start(deployment, missing, deployment.status === 'PRIMARY' ? replaced : 0)
    this.#trim(deployment, wanted)
  }

  #trim(deployment: Deployment, wanted: number): void {
    const alive = deployment.alive()
    const weakestFirst = alive.toSorted((a, b) => Number(this.#ledger.isHealthy(a)) - Number(this.#ledger.isHealthy(b)))
    const surplus = weakestFirst.slice(0, Math.max(alive.length - wanted, 0))
    this.#workforce.stop(surplus, `Scaling activity initiated by (deployment ${deployment.id})`)
  }

  #isFull(deployment: Deployment): boolean {
    const alive = deployment.alive()
    return alive.length === this.service.desiredCount && alive.every((task) => this.#ledger.isHealthy(task))
  }

  /** "When the service reaches a steady state, the deployment transitions to a COMPLETED state." (Deployment) */
  #complete(): void {
    const { service } = this
    const { primary } = service
    if (primary === undefined || primary.rolloutState === 'FAILED' || service.old.length > 0) return
    if (!this.#isFull(primary)) return
    if (primary.rolloutState === 'IN_PROGRESS') {
      // What an aborted deployment of another strategy left split comes together again.
      const routing = { ...this.#host, journal: this.#host.context.journal }
      shiftTraffic('production', { green: primary, percent: 100, blue: undefined }, service.deployments, routing)
      this.#host.deployments.complete(service, primary)
      this.#steady = false
    }
    if (this.#steady) return
    this.#steady = true
    service.events.reachedSteadyState()
  }

  /** "After all tasks have transitioned to either STOPPING or STOPPED status, the service status moves from DRAINING to
   * INACTIVE." (DeleteService) */
  #finishDeletion(): void {
    const { service } = this
    if (service.status !== 'DRAINING' || service.deployments.some(({ tasks }) => tasks.size > 0)) return
    service.status = 'INACTIVE'
    service.deployments = []
    this.#host.context.journal.change('ecs', service.identity.arn, 'DRAINING', 'INACTIVE')
    this.close()
  }
}
