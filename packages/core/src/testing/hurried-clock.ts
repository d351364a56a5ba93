import type { Clock } from '../clock.ts'

/** A clock that runs `speed` times as fast as the one on the wall: pauses, limits and retries take no time in tests. */
export function hurriedClock(speed: number): Clock {
  return {
    nowMs: () => performance.now() * speed,
    date: () => new Date(),
    sleep: (ms, signal) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms / speed)
      const wake = (): void => {
        clearTimeout(timer)
        resolve()
      }
      if (signal?.aborted) wake()
      signal?.addEventListener('abort', wake, { once: true })
      return promise.finally(() => signal?.removeEventListener('abort', wake))
    },
  }
}
