import type { Service, Task } from '@aws-sdk/client-ecs'
import { CancelledError, messageOf } from '../errors.ts'
import { primaryDeployment } from './baseline.ts'
import { breakerThreshold } from './circuit-breaker.ts'
import type { Ecs } from './ecs-client.ts'
import { FailedTasks } from './failed-tasks.ts'
import { ObservedChange } from './observed-change.ts'
import type { Rollout, RolloutOptions, RolloutResult, RolloutState } from './rollout.ts'
import type { Change, Progress } from './rollout-progress.ts'
import { ifAnsweredSoon } from './service-deployments.ts'

/**
 * The circuit breaker counts the same dead tasks, a moment later: this many looks more let it say that it rolls back,
 * which is what a person needs to know.
 */
const BREAKER_LOOKS = 2
/** States in which a service has not failed. */
const SOUND: ReadonlySet<string> = new Set(['waiting', 'in-progress', 'steady', 'unchanged'])

/** One service on its way, from the request to its end. */
export class FollowedRollout {
  readonly service: string
  readonly #rollout: Rollout
  readonly #options: RolloutOptions
  readonly #failedTasks = new FailedTasks()
  #change: Change | undefined
  #progress: Progress | undefined
  #observed: ObservedChange | undefined
  #description: Service | undefined
  #state: RolloutState = { kind: 'waiting', state: 'not started' }
  #signature = ''
  #looksOverLimit = 0
  #startedAt: Date | undefined
  #endedAt: Date | undefined

  constructor(rollout: Rollout, options: RolloutOptions) {
    this.service = rollout.service
    this.#rollout = rollout
    this.#options = options
  }

  notStarted(): boolean {
    return this.#state.kind === 'waiting'
  }

  inFlight(): boolean {
    return this.#state.kind === 'in-progress'
  }

  failed(): boolean {
    return !SOUND.has(this.#state.kind)
  }

  /** In flight, and what is in flight is known. */
  wasRequested(): boolean {
    return this.inFlight() && this.#change !== undefined
  }

  /** Nobody knows whether the change was made: there is no answer to the request, or none yet. */
  isUnanswered(): boolean {
    return this.inFlight() && this.#change === undefined
  }

  describe(): string {
    return this.#state.kind === 'steady' ? `steady, ${this.#state.state}` : this.#state.state
  }

  async start(): Promise<void> {
    this.#startedAt = this.#options.context.clock.date()
    this.#state = { kind: 'in-progress', state: 'being requested' }
    await this.#guarded(async () => {
      this.#change = await this.#rollout.start()
      this.#observed = this.#change && new ObservedChange(this.#change, this.#options)
      this.#state =
        this.#change === undefined
          ? { kind: 'unchanged', state: 'unchanged' }
          : { kind: 'in-progress', state: 'requested' }
    })
    if (!this.inFlight()) this.#endedAt = this.#options.context.clock.date()
  }

  /**
   * Looks how it stands.
   *
   * @returns the stopped tasks that `conclude` has to be told of
   */
  async look(description: Service | undefined, lookAlways: boolean): Promise<readonly string[]> {
    const observed = this.#observed
    if (observed === undefined) return []
    this.#description = description ?? this.#description
    let unread: readonly string[] = []
    await this.#guarded(async () => {
      const progress = await observed.judge(description, this.#failedTasks.list().length > 0)
      const signature = signatureOf(description)
      const ending = progress.kind !== 'in-progress'
      if (lookAlways || ending || signature !== this.#signature) unread = await this.#listUnread(progress)
      this.#signature = signature
      this.#progress = progress
    })
    return unread
  }

  /** What the last look comes to, with the tasks that it asked for. */
  conclude(tasks: readonly Task[]): void {
    const progress = this.#progress
    this.#progress = undefined
    if (progress !== undefined && this.#change !== undefined) {
      this.#failedTasks.take(tasks, this.#change)
      this.#state = this.#judgeFailedTasks(progress)
    }
    if (!this.inFlight()) this.#endedAt = this.#options.context.clock.date()
  }

  /** What goes wrong for one service is its own; a cancellation and the deadline are everybody's, and end the wait. */
  fail(error: unknown): void {
    if (error instanceof CancelledError) return
    if (this.#options.deadline.passed()) this.#state = { kind: 'in-progress', state: messageOf(error) }
    else this.#state = { kind: 'error', state: messageOf(error), error }
  }

  result(): RolloutResult {
    const { trouble } = this.#options.ecs.caller
    const why = this.isUnanswered() && trouble !== undefined ? `; the last trouble was ${trouble}` : ''
    return {
      service: this.service,
      state: why === '' ? this.#state : { kind: 'in-progress', state: `the request has no answer${why}` },
      failedTasks: this.#failedTasks.list(),
      ...(this.#change && { change: this.#change }),
      ...(this.#description && { description: this.#description }),
      ...(this.#startedAt && { startedAt: this.#startedAt }),
      ...(this.#endedAt && { endedAt: this.#endedAt }),
    }
  }

  async #listUnread(progress: Progress): Promise<readonly string[]> {
    const { ecs, cluster, context, deadline, maxFailedTasks } = this.#options
    const list = (by: Ecs) => this.#failedTasks.listUnread(by, cluster, this.service)
    if (maxFailedTasks !== undefined) return await list(ecs)
    // Where no limit depends on them, they are looked at only to say why it fails.
    const isFailing = progress.kind === 'failed' || hasFailedTasks(this.#description)
    return isFailing ? ((await ifAnsweredSoon(ecs, { signal: context.signal, deadline }, list)) ?? []) : []
  }

  #judgeFailedTasks(progress: Progress): RolloutState {
    const { maxFailedTasks } = this.#options
    const count = this.#failedTasks.list().length
    if (progress.kind !== 'in-progress' || count === 0) return progress
    const state = `${progress.state}, ${count} ${count === 1 ? 'task' : 'tasks'} died`
    if (maxFailedTasks === undefined || count <= maxFailedTasks) return { kind: 'in-progress', state }
    this.#looksOverLimit += 1
    if (this.#looksOverLimit <= BREAKER_LOOKS && count >= breakerThreshold(this.#description))
      return { kind: 'in-progress', state }
    const limit = `more than max-failed-tasks (${maxFailedTasks}) allows, and ECS goes on trying`
    return { kind: 'too-many-failed-tasks', state: `${state}, ${limit}` }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.fail(error)
    }
  }
}

function hasFailedTasks(service: Service | undefined): boolean {
  return (primaryDeployment(service ?? {})?.failedTasks ?? 0) > 0
}

/** What changes when a task of the service started or stopped. */
function signatureOf(service: Service | undefined): string {
  const counts = service?.deployments?.map(
    ({ id, runningCount, pendingCount, failedTasks }) => `${id}/${runningCount}/${pendingCount}/${failedTasks}`,
  )
  return `${service?.events?.[0]?.id ?? ''} ${counts?.join(' ') ?? ''}`
}
