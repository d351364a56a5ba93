import type { Service, Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '../action.ts'
import type { Deadline } from '../deadline.ts'
import { CancelledError, messageOf } from '../errors.ts'
import { type Look, waitUntil } from '../wait.ts'
import type { Ecs } from './ecs-client.ts'
import { FailedTasks } from './failed-tasks.ts'
import { findServiceDeployment, hasNativeStrategy, judgeServiceDeployment } from './native-strategy.ts'
import { type Change, judgeRollout, type Progress } from './rollout-progress.ts'
import { describeServiceDeployments, ifAvailable } from './service-deployments.ts'
import { describeServices } from './services.ts'

/** A service that is to be changed, and how the change is made. */
export interface Rollout {
  readonly service: string
  /** Makes the change. Undefined when there is nothing left to do: then the service counts as `unchanged`. */
  readonly start: () => Promise<Change | undefined>
}

export type RolloutState =
  | { readonly kind: 'waiting'; readonly state: string }
  | { readonly kind: 'unchanged'; readonly state: string }
  /** More tasks of the new revision died than are allowed. */
  | { readonly kind: 'too-many-failed-tasks'; readonly state: string }
  /** The change could not be made, or could not be followed. */
  | { readonly kind: 'error'; readonly state: string; readonly error: unknown }
  | Progress

export interface RolloutResult {
  readonly service: string
  readonly change?: Change
  /** The last answer of DescribeServices. */
  readonly description?: Service
  readonly state: RolloutState
  readonly failedTasks: readonly Task[]
  readonly startedAt?: Date
  readonly endedAt?: Date
}

export interface RolloutOptions {
  readonly ecs: Ecs
  readonly cluster: string
  readonly context: ActionContext
  readonly deadline: Deadline
  readonly everyMs: number
  readonly maxParallel: number
  /** Undefined: tasks that die do not end the wait by themselves. */
  readonly maxFailedTasks?: number
  /** Whether the first service that fails ends everything, or the others go on. */
  readonly stopAtFirstFailure: boolean
}

export type RolloutsEnd = 'ended' | 'timed-out' | 'cancelled'

/** Up to this many services, stopped tasks are looked for every time; beyond, only when something changed. */
const LOOK_ALWAYS = 10
/**
 * The circuit breaker counts the same dead tasks, a moment later: this many looks more let it say that it rolls back,
 * which is what a person needs to know.
 */
const BREAKER_LOOKS = 2
const UNCHANGED: ReadonlySet<string> = new Set(['waiting', 'in-progress'])

/** Makes changes, at most so many at a time, and follows each until it is steady or will never be. */
export async function followRollouts(
  rollouts: readonly Rollout[],
  options: RolloutOptions,
): Promise<{ end: RolloutsEnd; results: readonly RolloutResult[] }> {
  const { context, deadline, everyMs } = options
  const followed = rollouts.map((rollout) => new FollowedRollout(rollout, options))
  const result = await waitUntil({
    look: () => look(followed, options),
    timeoutMs: deadline.totalMs,
    everyMs,
    deadline,
    signal: context.signal,
    clock: context.clock,
    report: (line) => context.log.info(line),
  })
  const end = result.kind === 'passed' || result.kind === 'stopped' ? 'ended' : result.kind
  return { end, results: followed.map((rollout) => rollout.result()) }
}

/** Makes all changes without following any. A failure ends it: what comes after is left as it is. */
export async function requestRollouts(
  rollouts: readonly Rollout[],
  options: RolloutOptions,
): Promise<readonly RolloutResult[]> {
  const followed = rollouts.map((rollout) => new FollowedRollout(rollout, options))
  for (const rollout of followed) {
    await rollout.start()
    if (rollout.failed() && options.stopAtFirstFailure) break
  }
  return followed.map((rollout) => rollout.result())
}

async function look(followed: readonly FollowedRollout[], options: RolloutOptions): Promise<Look<undefined>> {
  const hasFailed = (): boolean => options.stopAtFirstFailure && followed.some((rollout) => rollout.failed())
  const inFlight = (): FollowedRollout[] => followed.filter((rollout) => rollout.inFlight())
  const startMore = async (): Promise<void> => {
    for (const rollout of followed) {
      if (hasFailed() || inFlight().length >= options.maxParallel) return
      if (rollout.notStarted()) await rollout.start()
    }
  }
  await startMore()
  await update(inFlight(), options)
  // What ended made room for the next ones.
  await startMore()
  const state = describeStates(followed)
  if (hasFailed()) return { verdict: 'stop', state, value: undefined }
  const open = followed.some((rollout) => rollout.inFlight() || rollout.notStarted())
  return { verdict: open ? 'pending' : 'pass', state, value: undefined }
}

async function update(followed: readonly FollowedRollout[], options: RolloutOptions): Promise<void> {
  if (followed.length === 0) return
  const names = followed.map((rollout) => rollout.service)
  try {
    const services = await describeServices(options.ecs, options.cluster, names)
    const always = names.length <= LOOK_ALWAYS
    await Promise.all(followed.map((rollout) => rollout.update(services.get(rollout.service), always)))
  } catch (error) {
    for (const rollout of followed) rollout.fail(error)
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

class FollowedRollout {
  readonly service: string
  readonly #rollout: Rollout
  readonly #options: RolloutOptions
  readonly #failedTasks = new FailedTasks()
  #change: Change | undefined
  #description: Service | undefined
  #state: RolloutState = { kind: 'waiting', state: 'not started' }
  #seen = false
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
    return !UNCHANGED.has(this.#state.kind) && this.#state.kind !== 'steady' && this.#state.kind !== 'unchanged'
  }

  describe(): string {
    return this.#state.kind === 'steady' ? `steady, ${this.#state.state}` : this.#state.state
  }

  async start(): Promise<void> {
    this.#startedAt = this.#options.context.clock.date()
    await this.#guarded(async () => {
      this.#change = await this.#rollout.start()
      this.#state =
        this.#change === undefined
          ? { kind: 'unchanged', state: 'unchanged' }
          : { kind: 'in-progress', state: 'requested' }
    })
  }

  async update(description: Service | undefined, lookAlways: boolean): Promise<void> {
    const change = this.#change
    if (change === undefined) return
    this.#description = description ?? this.#description
    await this.#guarded(async () => {
      const progress = await this.#judge(description, change)
      this.#seen ||= description?.deployments?.some((deployment) => deployment.id === change.deploymentId) ?? false
      const signature = signatureOf(description)
      const ending = progress.kind !== 'in-progress'
      if (lookAlways || ending || signature !== this.#signature) await this.#lookForFailedTasks(change, progress)
      this.#signature = signature
      this.#state = this.#judgeFailedTasks(progress)
    })
    if (!this.inFlight()) this.#endedAt = this.#options.context.clock.date()
  }

  async #judge(description: Service | undefined, change: Change): Promise<Progress> {
    const { ecs, cluster } = this.#options
    if (description?.status === 'ACTIVE' && hasNativeStrategy(description)) {
      const { reverts } = change
      const deployment =
        reverts === undefined
          ? await findServiceDeployment(ecs, cluster, change)
          : (await describeServiceDeployments(ecs, [reverts]))[0]
      return judgeServiceDeployment(deployment, reverts !== undefined)
    }
    const progress = judgeRollout(description, change, this.#seen)
    if (progress.kind !== 'failed') return progress
    // What the circuit breaker or an alarm did stands in the service deployment alone.
    const deployment = await ifAvailable(() => findServiceDeployment(ecs, cluster, change))
    const reason = deployment?.statusReason
    return reason === undefined
      ? progress
      : { ...progress, state: `${withoutStop(progress.state)}. ${withoutStop(reason)}` }
  }

  /** What goes wrong for one service is its own; a cancellation and the deadline are everybody's, and end the wait. */
  fail(error: unknown): void {
    if (error instanceof CancelledError) {
      this.#state = { kind: 'in-progress', state: 'cancelled while it was requested' }
      return
    }
    if (this.#options.deadline.passed()) this.#state = { kind: 'in-progress', state: messageOf(error) }
    else this.#state = { kind: 'error', state: messageOf(error), error }
  }

  result(): RolloutResult {
    return {
      service: this.service,
      state: this.#state,
      failedTasks: this.#failedTasks.list(),
      ...(this.#change && { change: this.#change }),
      ...(this.#description && { description: this.#description }),
      ...(this.#startedAt && { startedAt: this.#startedAt }),
      ...(this.#endedAt && { endedAt: this.#endedAt }),
    }
  }

  async #lookForFailedTasks(change: Change, progress: Progress): Promise<void> {
    const { ecs, cluster, maxFailedTasks } = this.#options
    const { service, deploymentId, taskDefinition } = change
    const update = () => this.#failedTasks.update(ecs, { cluster, service, deploymentId, taskDefinition })
    if (maxFailedTasks !== undefined) await update()
    // Where no limit depends on them, they are looked at only to say why it failed.
    else if (progress.kind === 'failed') await ifAvailable(update)
  }

  #judgeFailedTasks(progress: Progress): RolloutState {
    const { maxFailedTasks } = this.#options
    const count = this.#failedTasks.list().length
    if (progress.kind !== 'in-progress' || count === 0) return progress
    const state = `${progress.state}, ${count} ${count === 1 ? 'task' : 'tasks'} died`
    if (maxFailedTasks === undefined || count <= maxFailedTasks) return { kind: 'in-progress', state }
    this.#looksOverLimit += 1
    if (this.#looksOverLimit <= BREAKER_LOOKS && mayBreak(this.#description)) return { kind: 'in-progress', state }
    return { kind: 'too-many-failed-tasks', state }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.fail(error)
    }
  }
}

function mayBreak(service: Service | undefined): boolean {
  const { enable, rollback } = service?.deploymentConfiguration?.deploymentCircuitBreaker ?? {}
  return enable === true && rollback === true
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}

/** What changes when a task of the service started or stopped. */
function signatureOf(service: Service | undefined): string {
  const counts = service?.deployments?.map(
    ({ id, runningCount, pendingCount, failedTasks }) => `${id}/${runningCount}/${pendingCount}/${failedTasks}`,
  )
  return `${service?.events?.[0]?.id ?? ''} ${counts?.join(' ') ?? ''}`
}
