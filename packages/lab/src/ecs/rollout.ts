/** What a rolling deployment looks like at one moment; "old" is every deployment but the primary one. */
export interface RolloutState {
  readonly desired: number
  readonly minimumHealthyPercent: number
  readonly maximumPercent: number
  /** Tasks that are not told to stop, whatever their status. */
  readonly newAlive: number
  readonly newHealthy: number
  readonly oldAlive: number
  readonly oldHealthy: number
}

export interface RolloutStep {
  readonly start: number
  /** Of the primary deployment: more than desired. */
  readonly stopNew: number
  /** Healthy ones; old tasks that are not healthy serve nobody and can go at once. */
  readonly stopOld: number
  /** Neither may anything start nor stop, and nothing is under way. */
  readonly stuck: boolean
}

/**
 * What the service scheduler does next. "minimumHealthyPercent represents a lower limit on the number of your
 * service's tasks that must remain in the RUNNING state …, as a percentage of the desiredCount (rounded up …)";
 * "maximumPercent … represents an upper limit on the number of your service's tasks that are allowed in the RUNNING or
 * PENDING state …, as a percentage of the desiredCount (rounded down …)" (DeploymentConfiguration)
 */
export function nextStep(state: RolloutState): RolloutStep {
  const { desired, newAlive, newHealthy, oldAlive, oldHealthy } = state
  const upper = Math.max(Math.floor((desired * state.maximumPercent) / 100), 0)
  const lower = Math.ceil((desired * state.minimumHealthyPercent) / 100)
  const alive = newAlive + oldAlive
  const missing = Math.max(desired - newAlive, 0)
  const start = Math.max(Math.min(missing, upper - alive), 0)
  const healthy = newHealthy + oldHealthy
  // With room for all new tasks, an old one goes when a new one has taken its place; without, to make room.
  const spare = missing > start ? Math.min(missing - start, healthy - lower) : healthy - desired
  const stopOld = Math.max(Math.min(oldHealthy, spare), 0)
  const stopNew = Math.max(newAlive - desired, 0)
  const underWay = newAlive > newHealthy || oldAlive > oldHealthy
  return { start, stopNew, stopOld, stuck: missing > 0 && start + stopOld === 0 && !underWay }
}
