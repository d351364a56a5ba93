import { type Clock, systemClock } from '../clock.ts'

/** Real time that a test can move forward: a deadline of hours passes when the test has seen what it waits for. */
export class JumpingClock implements Clock {
  #aheadMs = 0
  #jumped = Promise.withResolvers<void>()

  nowMs(): number {
    return systemClock.nowMs() + this.#aheadMs
  }

  date(): Date {
    return systemClock.date()
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.nowMs() + ms
    while (this.nowMs() < until && !signal?.aborted) {
      using woken = new DisposableController(signal)
      await Promise.race([systemClock.sleep(until - this.nowMs(), woken.signal), this.#jumped.promise])
    }
  }

  jump(ms: number): void {
    this.#aheadMs += ms
    this.#jumped.resolve()
    this.#jumped = Promise.withResolvers()
  }
}

/** Aborts with its parent, and when it is disposed: a sleep that lost the race lets go of its timer. */
class DisposableController implements Disposable {
  readonly #controller = new AbortController()
  readonly signal: AbortSignal

  constructor(parent: AbortSignal | undefined) {
    this.signal = parent ? AbortSignal.any([parent, this.#controller.signal]) : this.#controller.signal
  }

  [Symbol.dispose](): void {
    this.#controller.abort()
  }
}
