import { setTimeout as sleep } from 'node:timers/promises'

/** Time as actions see it; tests hand in another one. */
export interface Clock {
  /** Monotonic milliseconds: for elapsed and remaining time. */
  nowMs(): number
  /** Wall-clock time: for names and timestamps. */
  date(): Date
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** setTimeout's own limit; longer sleeps wake up and go on. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  date: () => new Date(),
  async sleep(ms, signal) {
    let left = ms
    while (left > 0 && !signal?.aborted) {
      const part = Math.min(left, MAX_TIMER_MS)
      await sleep(part, undefined, signal ? { signal } : undefined).catch(() => undefined)
      left -= part
    }
  },
}
