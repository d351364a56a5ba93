import type { Clock } from '../clock.ts'

interface Sleeper {
  readonly wakeAtMs: number
  readonly wake: () => void
}

/** A clock that jumps to the next sleeper when nothing else is left to do, so that tests of long waits take no time. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #sleepers: Sleeper[] = []
  #jumping = false

  nowMs(): number {
    return this.#nowMs
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#nowMs)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted || ms <= 0) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const sleeper = { wakeAtMs: this.#nowMs + ms, wake: resolve }
    this.#sleepers.push(sleeper)
    signal?.addEventListener('abort', () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
      resolve()
    })
    this.#jumpLater()
    return promise
  }

  /** After a turn of the event loop, so that everything that is ready to run has run. */
  #jumpLater(): void {
    if (this.#jumping) return
    this.#jumping = true
    setImmediate(() => {
      this.#jumping = false
      const next = this.#sleepers.toSorted((a, b) => a.wakeAtMs - b.wakeAtMs)[0]
      if (!next) return
      this.#sleepers = this.#sleepers.filter((other) => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.wakeAtMs)
      next.wake()
      this.#jumpLater()
    })
  }
}
