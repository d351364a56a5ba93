import type { Clock } from './clock.ts'

/** A point in time that a wait and everything in flight for it must not outlive. */
export class Deadline {
  readonly #clock: Clock
  readonly startedAtMs: number
  readonly totalMs: number

  constructor(totalMs: number, clock: Clock, startedAtMs: number = clock.nowMs()) {
    this.totalMs = totalMs
    this.startedAtMs = startedAtMs
    this.#clock = clock
  }

  elapsedMs(): number {
    return this.#clock.nowMs() - this.startedAtMs
  }

  remainingMs(): number {
    return Math.max(0, this.totalMs - this.elapsedMs())
  }

  passed(): boolean {
    return this.remainingMs() <= 0
  }
}
