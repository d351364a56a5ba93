import type { Task } from '@aws-sdk/client-ecs'
import { type Look, waitUntil } from '../wait.ts'
import { describeTasks } from './failed-tasks.ts'
import { FollowedRollout } from './followed-rollout.ts'
import type { Rollout, RolloutOptions, RolloutResult } from './rollout.ts'
import { ifAvailable } from './service-deployments.ts'
import { describeServices } from './services.ts'

/** `requested`: nobody was to wait for more than that. */
export type RolloutsEnd = 'ended' | 'requested' | 'timed-out' | 'cancelled'

export interface RolloutsResult {
  readonly end: RolloutsEnd
  readonly results: readonly RolloutResult[]
}

/** Up to this many services, stopped tasks are looked for every time; beyond, only when something changed. */
const LOOK_ALWAYS = 10
/**
 * Changes are requested one after the other, in order; one that is not through after this long (throttling, an API that
 * is away) no longer holds the others up.
 */
const TURN_MS = 2000
/** How long a look waits for requests: what is in flight is looked at all the same. */
const LOOK_WAIT_MS = 1000

/** Makes changes, at most so many at a time, and follows each until it is steady or will never be. */
export async function followRollouts(rollouts: readonly Rollout[], options: RolloutOptions): Promise<RolloutsResult> {
  const { context, deadline, everyMs } = options
  using fleet = new Fleet(rollouts, options)
  const result = await waitUntil({
    look: () => fleet.look(),
    timeoutMs: deadline.totalMs,
    everyMs,
    deadline,
    signal: context.signal,
    clock: context.clock,
    report: (line) => context.log.info(line),
  })
  const end = result.kind === 'passed' || result.kind === 'stopped' ? 'ended' : result.kind
  return { end, results: fleet.results() }
}

/** Makes all changes without following any. What comes after one that fails, or has no answer in time, is left as it is. */
export async function requestRollouts(rollouts: readonly Rollout[], options: RolloutOptions): Promise<RolloutsResult> {
  const { context, deadline, stopAtFirstFailure } = options
  const followed = rollouts.map((rollout) => new FollowedRollout(rollout, options))
  for (const rollout of followed) {
    await rollout.start()
    if (rollout.isUnanswered() || (rollout.failed() && stopAtFirstFailure)) break
  }
  const unanswered = followed.some((rollout) => rollout.isUnanswered())
  const end = context.signal.aborted ? 'cancelled' : unanswered && deadline.passed() ? 'timed-out' : 'requested'
  return { end, results: followed.map((rollout) => rollout.result()) }
}

class Fleet implements Disposable {
  readonly #followed: readonly FollowedRollout[]
  readonly #options: RolloutOptions
  #starting: Promise<void> | undefined
  #ended = false

  constructor(rollouts: readonly Rollout[], options: RolloutOptions) {
    this.#followed = rollouts.map((rollout) => new FollowedRollout(rollout, options))
    this.#options = options
  }

  async look(): Promise<Look<undefined>> {
    await this.#startMore()
    await this.#update()
    // What ended made room for the next ones.
    await this.#startMore()
    const state = describeStates(this.#followed)
    if (this.#hasFailed()) return { verdict: 'stop', state, value: undefined }
    const open = this.#followed.some((rollout) => rollout.inFlight() || rollout.notStarted())
    return { verdict: open ? 'pending' : 'pass', state, value: undefined }
  }

  results(): readonly RolloutResult[] {
    return this.#followed.map((rollout) => rollout.result())
  }

  /** Nothing more is started. */
  [Symbol.dispose](): void {
    this.#ended = true
  }

  #hasFailed(): boolean {
    return this.#options.stopAtFirstFailure && this.#followed.some((rollout) => rollout.failed())
  }

  #inFlight(): readonly FollowedRollout[] {
    return this.#followed.filter((rollout) => rollout.inFlight())
  }

  /** Starting goes on by itself for as long as it takes. */
  async #startMore(): Promise<void> {
    this.#starting ??= this.#startInOrder().finally(() => {
      this.#starting = undefined
    })
    await this.#atMost(this.#starting, LOOK_WAIT_MS)
  }

  async #startInOrder(): Promise<void> {
    for (const rollout of this.#followed) {
      if (this.#ended || this.#hasFailed() || this.#inFlight().length >= this.#options.maxParallel) return
      if (rollout.notStarted()) await this.#atMost(rollout.start(), TURN_MS)
    }
  }

  async #atMost(work: Promise<void>, ms: number): Promise<void> {
    const { clock, signal } = this.#options.context
    const done = new AbortController()
    const pause = clock.sleep(ms, AbortSignal.any([signal, done.signal]))
    await Promise.race([work.finally(() => done.abort()), pause])
  }

  /** Of all services at once. */
  async #describeStopped(arns: readonly string[]): Promise<readonly Task[]> {
    const { ecs, cluster, maxFailedTasks } = this.#options
    const describe = () => describeTasks(ecs, cluster, arns)
    return maxFailedTasks === undefined ? ((await ifAvailable(describe)) ?? []) : await describe()
  }

  async #update(): Promise<void> {
    const requested = this.#inFlight().filter((rollout) => rollout.wasRequested())
    const names = requested.map((rollout) => rollout.service)
    if (names.length === 0) return
    try {
      const services = await describeServices(this.#options.ecs, this.#options.cluster, names)
      const always = names.length <= LOOK_ALWAYS
      const looks = requested.map((rollout) => rollout.look(services.get(rollout.service), always))
      const tasks = await this.#describeStopped((await Promise.all(looks)).flat())
      for (const rollout of requested) rollout.conclude(tasks)
    } catch (error) {
      for (const rollout of requested) rollout.fail(error)
    }
  }
}

/** One line for all: every service that is on its way or has failed, and how many are done or wait. */
function describeStates(followed: readonly FollowedRollout[]): string {
  const shown = followed.filter((rollout) => rollout.inFlight() || rollout.failed() || followed.length <= 3)
  const parts = shown.map((rollout) => `${rollout.service}: ${rollout.describe()}`)
  const waiting = followed.filter((rollout) => rollout.notStarted()).length
  const done = followed.filter((rollout) => !shown.includes(rollout) && !rollout.notStarted()).length
  if (followed.length > 3) parts.push(`${done} of ${followed.length} done`, `${waiting} not started`)
  return parts.join('; ')
}
