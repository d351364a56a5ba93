/**
 * How a job is cancelled: what still runs is ended at once unless its condition holds nevertheless, `always()` and post
 * steps go on, and some minutes later everything ends.
 * @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation
 */
export class Cancellation implements Disposable {
  readonly #cancelled = new AbortController()
  readonly #terminated = new AbortController()
  readonly #graceMs: number
  #timer: NodeJS.Timeout | undefined

  /** @param graceMs how long steps may go on after the cancellation; GitHub's default is five minutes */
  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal
  }

  /** Aborted when the grace is over: nothing goes on after that. */
  get terminated(): AbortSignal {
    return this.#terminated.signal
  }

  cancel(): void {
    if (this.#cancelled.signal.aborted) return
    this.#timer = setTimeout(() => this.#terminated.abort(), this.#graceMs)
    this.#timer.unref()
    this.#cancelled.abort()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}

/** Calls `listener` when `signal` is aborted, at once when it already is. @returns what stops listening */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) }
}
