import type { LabClock } from '../lab-clock.ts'

/** Waits for AWS seconds; ends the work it is called in when the lab closes. */
export type Pause = (awsSeconds: number) => Promise<void>

/** What goes on in the background: one piece of work after the other for each resource. */
export class Transitions {
  readonly #clock: LabClock
  readonly #closed = new AbortController()
  readonly #running = new Map<string, Promise<void>>()

  constructor(clock: LabClock) {
    this.#clock = clock
  }

  /** Starts `work` when what goes on with the resource has ended. `onFailure` is told why work could not be done. */
  start(resource: string, work: (pause: Pause) => Promise<void>, onFailure: (error: Error) => void): void {
    const before = this.#running.get(resource) ?? Promise.resolve()
    const now = before
      .then(() => work((awsSeconds) => this.#pause(awsSeconds)))
      .catch((error) => {
        // What fails because everything is being taken down is no failure.
        if (!this.#closed.signal.aborted) onFailure(error instanceof Error ? error : new Error(String(error)))
      })
      .finally(() => {
        if (this.#running.get(resource) === now) this.#running.delete(resource)
      })
    this.#running.set(resource, now)
  }

  /** Resolves when nothing goes on any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.settled()
  }

  async #pause(awsSeconds: number): Promise<void> {
    if (!(await this.#clock.sleep(awsSeconds, this.#closed.signal))) {
      this.#closed.abort()
      throw new Error('The lab is closing')
    }
  }
}
