import type { Clock } from '../clock.ts'

interface Rate {
  readonly operations: readonly string[]
  readonly burst: number
  readonly perSecond: number
}

/** What ECS allows an account in a region ("Request throttling for the Amazon ECS API", ECS API Reference). */
const RATES: readonly Rate[] = [
  { operations: ['RegisterTaskDefinition', 'DeregisterTaskDefinition'], burst: 20, perSecond: 1 },
  { operations: ['CreateService', 'UpdateService', 'DeleteService'], burst: 50, perSecond: 5 },
  { operations: ['DescribeServices'], burst: 100, perSecond: 20 },
  { operations: ['DescribeTasks', 'ListTasks'], burst: 100, perSecond: 20 },
  {
    operations: ['ListServiceDeployments', 'DescribeServiceDeployments', 'DescribeServiceRevisions'],
    burst: 50,
    perSecond: 20,
  },
]

/** One step leaves a little room for everybody else in the account. */
const SHARE = 0.9
/** Longer than this a request is not held back: ECS itself decides then, and is asked again. */
const LONGEST_HOLD_MS = 5000

/**
 * Holds requests back so that one step by itself does not run into ECS's throttling, which would hit others in the
 * account as well: one token bucket for each of ECS's.
 */
export class Pace {
  readonly #clock: Clock
  readonly #buckets = new Map<Rate, { tokens: number; atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when the request may be sent. */
  async take(operation: string): Promise<void> {
    const rate = RATES.find((candidate) => candidate.operations.includes(operation))
    if (rate === undefined) return
    const nowMs = this.#clock.nowMs()
    const full = rate.burst * SHARE
    const bucket = this.#buckets.get(rate) ?? { tokens: full, atMs: nowMs }
    const perMs = (rate.perSecond * SHARE) / 1000
    const tokens = Math.min(full, bucket.tokens + (nowMs - bucket.atMs) * perMs) - 1
    this.#buckets.set(rate, { tokens, atMs: nowMs })
    // Below nothing, the requests that wait already come first.
    if (tokens < 0) await this.#clock.sleep(Math.min(-tokens / perMs, LONGEST_HOLD_MS))
  }
}
