import { type Look, waitUntil } from '../wait.ts'
import { FollowedRollout, type Rollout, type RolloutOptions, type RolloutResult } from './followed-rollout.ts'
import { describeServices } from './services.ts'

export type RolloutsEnd = 'ended' | 'timed-out' | 'cancelled'

/** Up to this many services, stopped tasks are looked for every time; beyond, only when something changed. */
const LOOK_ALWAYS = 10
/**
 * Changes are requested one after the other, in order; one that is not through after this long (throttling, an API that
 * is away) no longer holds the others up.
 */
const TURN_MS = 2000

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
      if (rollout.notStarted()) await takeTurn(rollout, options)
    }
  }
  await startMore()
  await update(
    inFlight().filter((rollout) => rollout.wasRequested()),
    options,
  )
  // What ended made room for the next ones.
  await startMore()
  const state = describeStates(followed)
  if (hasFailed()) return { verdict: 'stop', state, value: undefined }
  const open = followed.some((rollout) => rollout.inFlight() || rollout.notStarted())
  return { verdict: open ? 'pending' : 'pass', state, value: undefined }
}

async function takeTurn(rollout: FollowedRollout, { context }: RolloutOptions): Promise<void> {
  const through = new AbortController()
  const started = rollout.start().finally(() => through.abort())
  await Promise.race([started, context.clock.sleep(TURN_MS, AbortSignal.any([context.signal, through.signal]))])
}

async function update(followed: readonly FollowedRollout[], options: RolloutOptions): Promise<void> {
  const names = followed.map((rollout) => rollout.service)
  if (names.length === 0) return
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
