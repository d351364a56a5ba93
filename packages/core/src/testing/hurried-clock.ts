import { type Clock, systemClock } from '../clock.ts'

/** A clock that runs `speed` times as fast as the system's: pauses, limits and retries take no time in tests. */
export function hurriedClock(speed: number): Clock {
  return {
    nowMs: () => systemClock.nowMs() * speed,
    date: () => systemClock.date(),
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  }
}
