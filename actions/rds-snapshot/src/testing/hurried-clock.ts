import { type Clock, systemClock } from '@deploy-kit/core/clock'

/** Time that passes so many times as fast for the action, whose pauses are made for AWS, as for the lab. */
export function hurriedClock(times: number): Clock {
  return {
    nowMs: () => systemClock.nowMs() * times,
    date: () => systemClock.date(),
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  }
}
