import type { Address, HealthVerdict } from './health-check.ts'

/** A TargetHealthStateEnum; `unused` is what is not registered. */
export type TargetState = 'unused' | 'initial' | 'healthy' | 'unhealthy' | 'draining'

export interface TargetHealth {
  readonly state: TargetState
  readonly reason?: string
  readonly description?: string
}

export interface TargetRegistration {
  /** The task's private address, as an `ip` target has it. */
  readonly id: string
  /** The container's port. */
  readonly port: number
  /** Where the process really listens: there is one loopback interface and no network namespaces. */
  readonly address: Address
}

export interface Thresholds {
  readonly healthy: number
  readonly unhealthy: number
}

/**
 * How long a process that was just started may refuse connections before that counts: starting it takes real time,
 * which the scaled health check interval would make look like minutes.
 */
const bootAllowanceMs = 3_000

/** One registered target: its health as the checks see it, and the requests it is answering. */
export class Target {
  readonly registration: TargetRegistration
  readonly registeredAt = performance.now()
  health: TargetHealth = {
    state: 'initial',
    reason: 'Elb.RegistrationInProgress',
    description: 'Target registration is in progress',
  }
  readonly #thresholds: Thresholds
  #passed = 0
  #failed = 0
  #inFlight = 0
  readonly #drained = new Set<() => void>()

  constructor(registration: TargetRegistration, thresholds: Thresholds) {
    this.registration = registration
    this.#thresholds = thresholds
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Counts a request until the returned function is called (once). */
  hold(): () => void {
    this.#inFlight += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#inFlight -= 1
      if (this.#inFlight === 0) for (const drained of this.#drained) drained()
    }
  }

  /** Resolves when the target answers no request any more. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drained.add(resolve))
  }

  drain(): void {
    this.health = {
      state: 'draining',
      reason: 'Target.DeregistrationInProgress',
      description: 'Target deregistration is in progress',
    }
  }

  /**
   * Counts a check. True when the state has changed. A target that was just registered is healthy with the first check
   * that it passes; later it takes the thresholds. (Health checks for Application Load Balancer target groups)
   */
  record(verdict: HealthVerdict): boolean {
    if (this.health.state === 'draining') return false
    if (verdict.kind === 'passed') return this.#recordPassed()
    const booting = !verdict.connected && performance.now() - this.registeredAt < bootAllowanceMs
    if (this.health.state === 'initial' && booting) return false
    return this.#recordFailed(verdict)
  }

  #recordPassed(): boolean {
    this.#failed = 0
    this.#passed += 1
    const needed = this.health.state === 'initial' ? 1 : this.#thresholds.healthy
    if (this.health.state === 'healthy' || this.#passed < needed) return false
    this.health = { state: 'healthy' }
    return true
  }

  #recordFailed({ reason, description }: Extract<HealthVerdict, { kind: 'failed' }>): boolean {
    this.#passed = 0
    this.#failed += 1
    if (this.#failed < this.#thresholds.unhealthy) return false
    const changed = this.health.state !== 'unhealthy'
    this.health = { state: 'unhealthy', reason, description }
    return changed
  }
}
