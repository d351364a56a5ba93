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
  // The global `performance` takes half a millisecond to load, which counts where an action's start is measured.
  // biome-ignore lint/style/noRestrictedGlobals: time comes from the process, and from here alone.
  nowMs: () => Number(process.hrtime.bigint()) / 1e6,
  date: () => new Date(),
  async sleep(ms, signal) {
    let left = ms
    while (left > 0 && !signal?.aborted) {
      const part = Math.min(left, MAX_TIMER_MS)
      await pause(part, signal)
      left -= part
    }
  },
}

/** As node:timers/promises, which takes half a millisecond to load and would be all that is used of it. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    signal?.addEventListener('abort', wake, { once: true })
  })
}
