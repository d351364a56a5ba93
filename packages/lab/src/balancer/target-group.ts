import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Journal } from '../journal.ts'
import type { LabClock } from '../lab-clock.ts'
import { checkHealth, type HealthCheck, type HealthVerdict } from './health-check.ts'
import { parseMatcher } from './matcher.ts'
import { Target, type TargetHealth, type TargetRegistration } from './target.ts'

export interface TargetGroupSettings {
  readonly name: string
  readonly healthCheckPath: string
  readonly healthCheckIntervalSeconds: number
  readonly healthyThresholdCount: number
  readonly unhealthyThresholdCount: number
  readonly deregistrationDelaySeconds: number
  readonly matcher: string
}

/** AWS's default. */
export const healthCheckTimeoutSeconds = 5

/** Real work is done in real time: a scaled second would fail every process that is not instant. */
const minimumTimeoutMs = 2_000
const minimumIntervalMs = 50
/** A process that does not listen yet is looked at this often, so that its start is all that it costs. */
const bootIntervalMs = 100
/** A request in flight takes real time as well: as long as this, the deregistration delay is not scaled. */
const unscaledDrainMs = 15_000

const notRegistered: TargetHealth = {
  state: 'unused',
  reason: 'Target.NotRegistered',
  description: 'Target is not registered to the target group',
}

interface Owner {
  readonly region: string
  readonly accountId: string
  readonly clock: LabClock
  readonly journal: Journal
}

/** Targets of one service, checked and chosen as an Application Load Balancer does. */
export class TargetGroup {
  readonly arn: string
  readonly settings: TargetGroupSettings
  readonly #owner: Owner
  readonly #check: HealthCheck
  readonly #targets = new Map<string, Target>()
  readonly #listeners = new Set<() => void>()
  readonly #closed = new AbortController()
  #turn = 0

  constructor(settings: TargetGroupSettings, owner: Owner) {
    const suffix = createHash('sha256').update(settings.name).digest('hex').slice(0, 16)
    const { region, accountId, clock } = owner
    this.arn = `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/${settings.name}/${suffix}`
    this.settings = settings
    this.#owner = owner
    this.#check = {
      path: settings.healthCheckPath,
      accepts: parseMatcher(settings.matcher),
      timeoutMs: Math.max(clock.scaledMs(healthCheckTimeoutSeconds), minimumTimeoutMs),
    }
  }

  /** Calls back whenever a target's health has changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  targets(): readonly Target[] {
    return [...this.#targets.values()]
  }

  healthOf(id: string, port: number): TargetHealth {
    return this.#targets.get(`${id}:${port}`)?.health ?? notRegistered
  }

  register(registration: TargetRegistration): void {
    const { healthyThresholdCount: healthy, unhealthyThresholdCount: unhealthy } = this.settings
    const target = new Target(registration, { healthy, unhealthy })
    this.#targets.set(keyOf(registration), target)
    this.#note(target, 'unused')
    void this.#watch(target)
  }

  /**
   * No new request goes to the target from now on; resolves when those in flight are answered, or the deregistration
   * delay is over: "If a deregistering target has no in-flight requests and no active connections, Elastic Load
   * Balancing immediately completes the deregistration process, without waiting for the deregistration delay to
   * elapse." (Target groups for your Application Load Balancers, Deregistration delay)
   */
  async deregister(id: string, port: number): Promise<void> {
    const target = this.#targets.get(`${id}:${port}`)
    if (target === undefined || target.health.state === 'draining') return
    const before = target.health.state
    target.drain()
    this.#note(target, before)
    const delay = new AbortController()
    try {
      await Promise.race([target.idle(), this.#deregistrationDelay(delay.signal)])
    } finally {
      delay.abort()
    }
    this.#targets.delete(keyOf(target.registration))
    this.#owner.journal.change('elasticloadbalancing', `${this.arn} ${id}:${port}`, 'draining', 'unused')
    this.#tell()
  }

  /**
   * The next target in turn. "If a target group contains only unhealthy registered targets, the load balancer routes
   * requests to all those targets, regardless of their health status." (Health checks for Application Load Balancer
   * target groups)
   */
  next(): Target | undefined {
    const all = this.targets()
    const healthy = all.filter(({ health }) => health.state === 'healthy')
    const eligible = healthy.length > 0 ? healthy : all.filter(({ health }) => health.state === 'unhealthy')
    this.#turn += 1
    return eligible[this.#turn % Math.max(eligible.length, 1)]
  }

  close(): void {
    this.#closed.abort()
  }

  async #deregistrationDelay(signal: AbortSignal): Promise<void> {
    const ms = drainMs(this.settings.deregistrationDelaySeconds, this.#owner.clock)
    await pause(ms, AbortSignal.any([signal, this.#closed.signal]))
  }

  async #watch(target: Target): Promise<void> {
    const { clock } = this.#owner
    const intervalMs = Math.max(clock.scaledMs(this.settings.healthCheckIntervalSeconds), minimumIntervalMs)
    target.health = {
      state: 'initial',
      reason: 'Elb.InitialHealthChecking',
      description: 'Initial health checks in progress',
    }
    while (this.#targets.get(keyOf(target.registration)) === target && !this.#closed.signal.aborted) {
      const before = target.health.state
      const verdict = await checkHealth(target.registration.address, this.#check, this.#closed.signal)
      if (target.record(verdict)) this.#note(target, before)
      await pause(isBooting(target, verdict) ? Math.min(intervalMs, bootIntervalMs) : intervalMs, this.#closed.signal)
    }
  }

  #note(target: Target, before: string): void {
    const { id, port } = target.registration
    const { state, description = '' } = target.health
    this.#owner.journal.change('elasticloadbalancing', `${this.arn} ${id}:${port}`, before, state, description)
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** How long a target that is deregistered may take for the requests that it has, in real milliseconds. */
export function drainMs(deregistrationDelaySeconds: number, clock: Pick<LabClock, 'scaledMs'>): number {
  const unscaledMs = Math.min(deregistrationDelaySeconds * 1000, unscaledDrainMs)
  return Math.max(clock.scaledMs(deregistrationDelaySeconds), unscaledMs)
}

function isBooting(target: Target, verdict: HealthVerdict): boolean {
  return target.health.state === 'initial' && verdict.kind === 'failed' && !verdict.connected
}

/** Resolves at once when `signal` is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

function keyOf({ id, port }: TargetRegistration): string {
  return `${id}:${port}`
}
