import type { LabClock } from '../lab-clock.ts'
import type { Deployment } from './deployment.ts'
import { trafficSteps } from './deployment-configuration.ts'
import type { Identifiers } from './identifiers.ts'
import { type LifecycleStage, PauseHook } from './lifecycle-hooks.ts'
import type { ManagedService } from './managed-service.ts'
import type { ServiceDeployment } from './service-deployment.ts'
import { type Routing, shiftTraffic, type TrafficKind } from './traffic-routing.ts'

export interface StagedHost {
  readonly clock: LabClock
  readonly identifiers: Identifiers
  readonly routing: Routing
  /** Has all the tasks it shall have, each healthy. */
  isFull(deployment: Deployment): boolean
  /** Shall look again after a while, although nothing may have happened. */
  wake(afterMs: number): void
  /** The deployment that is primary now has everything. */
  complete(): void
  /** Goes back to the blue revision. */
  rollBack(reason: string, event: string): void
}

/** True: go on. Otherwise wait, until something has happened or for so many milliseconds. */
type Gate = () => boolean | number

/** A stage is there for some seconds even if nothing has to be done in it. */
const stageSeconds = 2

export const hookFailure = {
  reason: 'Service deployment rolled back because of hook execution failure(s).',
  // (aws/containers-roadmap issue 2664)
  event: 'hook execution failure(s) detected',
}

/**
 * Takes a deployment of strategy BLUE_GREEN, LINEAR or CANARY through its lifecycle stages, or back. The tasks of both
 * revisions are kept up by the scheduler; this says which revision shall have tasks, and where traffic goes.
 * (Amazon ECS blue/green service deployments workflow, Deployment lifecycle stages)
 */
export class StagedRollout {
  readonly serviceDeployment: ServiceDeployment
  readonly #service: ManagedService
  readonly #host: StagedHost
  #course: Generator<Gate, void>
  #gate: Gate = () => true
  #goingBack = false

  constructor(service: ManagedService, serviceDeployment: ServiceDeployment, host: StagedHost) {
    this.#service = service
    this.serviceDeployment = serviceDeployment
    this.#host = host
    this.#course = this.#forward()
  }

  /** Goes as far as it can at this moment. */
  advance(): void {
    const { status, rollback } = this.serviceDeployment
    if (status === 'STOP_REQUESTED') return
    if (rollback !== undefined && !this.#goingBack) {
      this.#goingBack = true
      this.#course = this.#back(rollback.target)
      this.#gate = () => true
    }
    while (this.serviceDeployment.ongoing) {
      const open = this.#gate()
      if (open !== true) {
        if (open !== false) this.#host.wake(open)
        return
      }
      const next = this.#course.next()
      if (next.done) return
      this.#gate = next.value
    }
  }

  *#forward(): Generator<Gate, void> {
    const { target: green, blue, configuration } = this.serviceDeployment.identity
    yield () => (this.serviceDeployment.status === 'PENDING' ? this.#host.clock.scaledMs(1) : true)
    yield* this.#reconcile(blue)
    yield* this.#stage('PRE_SCALE_UP')
    yield* this.#stage('SCALE_UP')
    green.scaled = true
    yield () => this.#host.isFull(green)
    yield* this.#stage('POST_SCALE_UP')
    yield* this.#stage('TEST_TRAFFIC_SHIFT')
    this.#shift('test', green, 100, blue)
    yield* this.#stage('POST_TEST_TRAFFIC_SHIFT')
    // A first revision has nobody to share with.
    const steps = blue === undefined ? [{ percent: 100, bakeMinutes: 0 }] : trafficSteps(configuration)
    for (const { percent, bakeMinutes } of steps) {
      yield* this.#stage('PRE_PRODUCTION_TRAFFIC_SHIFT')
      yield* this.#stage('PRODUCTION_TRAFFIC_SHIFT')
      this.#shift('production', green, percent, blue)
      yield this.#after(bakeMinutes * 60)
    }
    yield* this.#stage('POST_PRODUCTION_TRAFFIC_SHIFT')
    if (blue !== undefined) {
      yield* this.#stage('BAKE_TIME')
      yield this.#after(configuration.bakeTimeInMinutes * 60)
    }
    yield* this.#stage('CLEAN_UP')
    yield* this.#keepOnly(green)
    this.#host.complete()
  }

  /** "This stage only happens when you start a new service deployment with more than 1 service revision in an ACTIVE
   * state." The one that serves stays. */
  *#reconcile(blue: Deployment | undefined): Generator<Gate, void> {
    const { target: green } = this.serviceDeployment.identity
    const active = this.#service.deployments.filter((deployment) => deployment !== green)
    if (blue === undefined || active.length < 2) return
    yield* this.#stage('RECONCILE_SERVICE')
    this.#shift('production', blue, 100, undefined)
    yield* this.#keepOnly(blue, green)
  }

  /** TEST_TRAFFIC_SHIFT and PRODUCTION_TRAFFIC_SHIFT "are also invoked during rollback". (Lifecycle hooks for Amazon ECS
   * service deployments) */
  *#back(blue: Deployment): Generator<Gate, void> {
    blue.scaled = true
    yield () => this.#host.isFull(blue)
    yield* this.#stage('PRODUCTION_TRAFFIC_SHIFT')
    this.#shift('production', blue, 100, undefined)
    yield* this.#stage('TEST_TRAFFIC_SHIFT')
    this.#shift('test', blue, 100, undefined)
    yield* this.#stage('CLEAN_UP')
    yield* this.#keepOnly(blue)
    this.#host.complete()
  }

  /** Scales every other revision down to nothing. */
  *#keepOnly(...kept: readonly Deployment[]): Generator<Gate, void> {
    const others = () => this.#service.deployments.filter((deployment) => !kept.includes(deployment))
    for (const deployment of others()) deployment.scaled = false
    yield () => others().every(({ tasks }) => tasks.size === 0)
  }

  /** Enters a stage, and stays until every pause hook of it has been continued. */
  *#stage(stage: LifecycleStage): Generator<Gate, void> {
    const { clock, identifiers } = this.#host
    const { configuration } = this.serviceDeployment.identity
    const configured = (configuration.lifecycleHooks ?? []).filter(({ lifecycleStages }) =>
      lifecycleStages.some((hooked) => hooked === stage),
    )
    const minuteMs = clock.scaledMs(60)
    const hooks = configured.map((hook) => new PauseHook(identifiers.pauseHook(), hook, minuteMs))
    this.serviceDeployment.enter(stage, hooks)
    yield this.#after(stageSeconds)
    yield () => this.#askHooks(hooks)
  }

  #askHooks(hooks: readonly PauseHook[]): boolean | number {
    for (const hook of hooks) {
      if (!hook.expire() || hook.passed) continue
      this.#host.rollBack(hookFailure.reason, hookFailure.event)
      return false
    }
    if (hooks.every(({ passed }) => passed)) return true
    const waiting = hooks.filter(({ status }) => status === 'AWAITING_ACTION')
    return Math.min(...waiting.map(({ expiresAt }) => Math.max(expiresAt.getTime() - Date.now(), 1)))
  }

  /** Opens so many AWS seconds from now. */
  #after(seconds: number): Gate {
    const until = performance.now() + this.#host.clock.scaledMs(seconds)
    return () => {
      const leftMs = until - performance.now()
      return leftMs <= 0 ? true : leftMs
    }
  }

  #shift(kind: TrafficKind, green: Deployment, percent: number, blue: Deployment | undefined): void {
    shiftTraffic(kind, { green, percent, blue }, this.#service.deployments, this.#host.routing)
  }
}
