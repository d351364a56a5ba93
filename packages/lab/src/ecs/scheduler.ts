import type { TargetGroup } from '../balancer/target-group.ts'
import type { LabContext } from '../service.ts'
import { failureThreshold } from './circuit-breaker.ts'
import type { Deployment } from './deployment.ts'
import type { Deployments } from './deployments.ts'
import type { ManagedService } from './managed-service.ts'
import { nextStep } from './rollout.ts'
import { judgeTask, type TaskHealth } from './service-health.ts'
import { serviceTraffic } from './service-traffic.ts'
import { mergeTags, type Tag } from './tags.ts'
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

/** "Tasks that fail to start repeatedly … the time between retries" grows up to 27 minutes. (Service throttle logic) */
const firstThrottledFailure = 3
const longestThrottleSeconds = 27 * 60

/** Keeps one service at its desired count and rolls its deployments, a step whenever something has changed. */
export class ServiceScheduler {
  readonly service: ManagedService
  readonly #host: SchedulerHost
  readonly #health = new Map<Task, TaskHealth>()
  readonly #everHealthy = new WeakSet<Task>()
  readonly #accounted = new WeakSet<Task>()
  #steady = false
  #looked = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined
  #wakeAt = Number.POSITIVE_INFINITY
  #closed = false

  constructor(service: ManagedService, host: SchedulerHost) {
    this.service = service
    this.#host = host
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
    for (const deployment of service.deployments) this.#account(deployment)
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

  /** Counts tasks that have died, and lets go of those that are gone. */
  #account(deployment: Deployment): void {
    for (const task of deployment.tasks) {
      if (task.desiredStatus === 'STOPPED' && !this.#accounted.has(task)) {
        this.#accounted.add(task)
        this.#steady = false
        const code = task.stopCause?.stopCode
        const died = code === 'EssentialContainerExited' || code === 'TaskFailedToStart'
        if (died && !this.#everHealthy.has(task)) this.#countFailure(deployment)
      }
      if (task.lastStatus === 'STOPPED') {
        deployment.tasks.delete(task)
        this.#health.delete(task)
      }
    }
  }

  #countFailure(deployment: Deployment): void {
    deployment.failedTasks += 1
    deployment.startFailures += 1
    deployment.updatedAt = new Date()
    if (deployment.startFailures < firstThrottledFailure) return
    if (deployment.startFailures === firstThrottledFailure) this.service.events.unableToStart()
    const seconds = Math.min(10 * 2 ** (deployment.startFailures - firstThrottledFailure), longestThrottleSeconds)
    deployment.retryAt = performance.now() + this.#host.context.clock.scaledMs(seconds)
  }

  /** Looks at every living task; stops the unhealthy ones and returns how many there were. */
  #judge(): number {
    let replaced = 0
    for (const deployment of this.service.deployments) {
      for (const task of deployment.alive()) {
        const health = judgeTask(task, deployment, this.service, { ...this.#host, clock: this.#host.context.clock })
        this.#health.set(task, health)
        if (health.kind === 'healthy') this.#becameHealthy(task, deployment)
        if (health.kind === 'starting' && health.afterMs !== undefined) this.wake(health.afterMs)
        if (health.kind !== 'unhealthy') continue
        health.announce(this.service)
        if (deployment.rolloutState === 'IN_PROGRESS') this.#countFailure(deployment)
        this.#accounted.add(task)
        this.#stop([task], health.stoppedReason)
        if (deployment.status === 'PRIMARY') replaced += 1
      }
    }
    return replaced
  }

  /** "a task that reaches a healthy state resets the failure count to 0" (DeploymentCircuitBreaker) */
  #becameHealthy(task: Task, deployment: Deployment): void {
    if (this.#everHealthy.has(task)) return
    this.#everHealthy.add(task)
    if (this.service.configuration.deploymentCircuitBreaker.resetOnHealthyTask) deployment.failedTasks = 0
    deployment.startFailures = 0
    deployment.retryAt = 0
    deployment.updatedAt = new Date()
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
    const healthyOld = oldTasks.filter((task) => this.#isHealthy(task))
    const step = nextStep({
      desired: service.desiredCount,
      ...service.configuration,
      newAlive: newTasks.length,
      newHealthy: newTasks.filter((task) => this.#isHealthy(task)).length,
      oldAlive: oldTasks.length,
      oldHealthy: healthyOld.length,
    })
    if (step.stuck) service.events.stuck()
    const started = this.#start(primary, step.start, replaced)
    const idleOld = oldTasks.filter((task) => !this.#isHealthy(task))
    const surplus = newTasks.toSorted((a, b) => Number(this.#isHealthy(a)) - Number(this.#isHealthy(b)))
    const stopped = [...idleOld, ...healthyOld.slice(0, step.stopOld), ...surplus.slice(0, step.stopNew)]
    this.#stop(stopped, `Scaling activity initiated by (deployment ${primary.id})`)
    if (started + stopped.length > 0) this.#steady = false
  }

  #isHealthy(task: Task): boolean {
    return this.#health.get(task)?.kind === 'healthy'
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
      this.#countFailure(deployment)
      this.wake(this.#host.context.clock.scaledMs(10))
    }
    return started.length
  }

  #launch(deployment: Deployment): Task {
    const { service } = this
    const { definition, launch, networkConfiguration } = deployment.settings
    const traffic = serviceTraffic(service, deployment, this.#host.targetGroup)
    const request = {
      cluster: service.identity.cluster,
      definition,
      group: `service:${service.identity.name}`,
      startedBy: deployment.id,
      launchType: launch.launchType,
      capacityProvider: launch.capacityProvider,
      platformVersion: launch.platformVersion,
      networkConfiguration,
      overrides: {},
      tags: this.#tagsOfTasks(deployment),
      enableExecuteCommand: service.options.enableExecuteCommand,
    }
    const task = this.#host.tasks.launch(request, traffic)
    deployment.tasks.add(task)
    task.onChange(() => this.wake())
    return task
  }

  #tagsOfTasks({ settings }: Deployment): readonly Tag[] {
    const { options, tags, identity } = this.service
    const { propagateTags, enableECSManagedTags } = options
    const propagated =
      propagateTags === 'SERVICE' ? tags : propagateTags === 'TASK_DEFINITION' ? settings.definition.tags : []
    if (!enableECSManagedTags) return propagated
    const managed = [
      { key: 'aws:ecs:clusterName', value: identity.cluster.name },
      { key: 'aws:ecs:serviceName', value: identity.name },
    ]
    return mergeTags(propagated, managed)
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
    if (alive.length !== service.desiredCount || !alive.every((task) => this.#isHealthy(task))) return
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
