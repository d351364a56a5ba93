import type { TargetGroup } from '../balancer/target-group.ts'
import type { LabContext } from '../service.ts'
import { failureThreshold } from './circuit-breaker.ts'
import type { Deployment } from './deployment.ts'
import type { Deployments } from './deployments.ts'
import type { ManagedService } from './managed-service.ts'
import { nextStep } from './rollout.ts'
import { ServiceLedger } from './service-ledger.ts'
import { planServiceTask } from './service-task.ts'
import { serviceTraffic } from './service-traffic.ts'
import type { StopCause, Task } from './task.ts'
import { capacityReason, type Tasks } from './tasks.ts'

export interface SchedulerHost {
  readonly context: LabContext
  readonly tasks: Tasks
  readonly deployments: Deployments
  readonly targetGroup: (arn: string) => TargetGroup | undefined
}

/** The scheduler looks at a service this long after something has happened to it. */
const reactionSeconds = 1

/** Keeps one service at its desired count and rolls its deployments, a step whenever something has changed. */
export class ServiceScheduler {
  readonly service: ManagedService
  readonly #host: SchedulerHost
  readonly #ledger: ServiceLedger
  #steady = false
  #looked = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined
  #wakeAt = Number.POSITIVE_INFINITY
  #closed = false

  constructor(service: ManagedService, host: SchedulerHost) {
    this.service = service
    this.#host = host
    this.#ledger = new ServiceLedger(service, { clock: host.context.clock, targetGroup: host.targetGroup })
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
    service.deployments = service.deployments.filter(({ status, tasks }) => status === 'PRIMARY' || tasks.size > 0)
    const { primary } = service
    if (primary !== undefined) {
      this.#breakCircuit(primary)
      this.#step(service.primary ?? primary, replaced)
      this.#complete()
    }
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
      this.#stop([found.task], found.health.stoppedReason)
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
    // "A deployment in FAILED state doesn't launch any new tasks." (Deployment, rolloutState)
    if (primary.rolloutState === 'FAILED') return
    const { service } = this
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
    const started = this.#start(primary, step.start, replaced)
    const idleOld = oldTasks.filter((task) => !this.#ledger.isHealthy(task))
    const surplus = newTasks.toSorted((a, b) => Number(this.#ledger.isHealthy(a)) - Number(this.#ledger.isHealthy(b)))
    const stopped = [...idleOld, ...healthyOld.slice(0, step.stopOld), ...surplus.slice(0, step.stopNew)]
    this.#stop(stopped, `Scaling activity initiated by (deployment ${primary.id})`)
    if (started + stopped.length > 0) this.#steady = false
  }

  #start(deployment: Deployment, count: number, replaced: number): number {
    const waitMs = deployment.retryAt - performance.now()
    if (count > 0 && waitMs > 0) {
      this.wake(waitMs)
      return 0
    }
    const started: string[] = []
    while (started.length < count && this.#host.tasks.hasRoom()) started.push(this.#launch(deployment).plan.id)
    if (started.length > 0) this.service.events.startedTasks(started, Math.min(replaced, started.length))
    if (started.length < count) {
      this.service.events.unableToPlace(capacityReason)
      this.#ledger.countFailure(deployment)
      this.wake(this.#host.context.clock.scaledMs(10))
    }
    return started.length
  }

  #launch(deployment: Deployment): Task {
    const traffic = serviceTraffic(this.service, deployment, this.#host.targetGroup)
    const task = this.#host.tasks.launch(planServiceTask(this.service, deployment), traffic)
    deployment.tasks.add(task)
    task.onChange(() => this.wake())
    return task
  }

  #stop(tasks: readonly Task[], stoppedReason: string): void {
    const cause: StopCause = { stopCode: 'ServiceSchedulerInitiated', stoppedReason }
    const running = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING')
    if (running.length > 0) this.service.events.stoppedRunning(running.map(({ plan }) => plan.id))
    if (tasks.length > running.length) this.service.events.stoppedPending(tasks.length - running.length)
    for (const task of tasks) task.requestStop(cause)
  }

  /** "When the service reaches a steady state, the deployment transitions to a COMPLETED state." (Deployment) */
  #complete(): void {
    const { service } = this
    const { primary } = service
    if (primary === undefined || primary.rolloutState === 'FAILED' || service.old.length > 0) return
    const alive = primary.alive()
    if (alive.length !== service.desiredCount || !alive.every((task) => this.#ledger.isHealthy(task))) return
    if (primary.rolloutState === 'IN_PROGRESS') {
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
