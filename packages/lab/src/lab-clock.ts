import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Durations of AWS (provisioning takes 30 s) shrunk by one factor, so that the order of states stays as it is.
 * Wall-clock instants are never changed: timestamps in answers are real.
 */
export class LabClock {
  /** Real seconds for one AWS second: 0.01 turns 30 s into 300 ms. */
  readonly scale: number
  readonly #closed = new AbortController()

  constructor(scale: number) {
    this.scale = scale
  }

  now(): Date {
    return new Date()
  }

  /** Real milliseconds that `awsSeconds` take in this lab. */
  scaledMs(awsSeconds: number): number {
    return awsSeconds * 1000 * this.scale
  }

  /** Resolves after `awsSeconds`, scaled; false when the lab was closed (or `signal` aborted) before. */
  async sleep(awsSeconds: number, signal?: AbortSignal): Promise<boolean> {
    const ended = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal
    try {
      await sleep(this.scaledMs(awsSeconds), undefined, { signal: ended })
      return true
    } catch {
      return false
    }
  }

  /** Ends every sleep. */
  close(): void {
    this.#closed.abort()
  }
}
