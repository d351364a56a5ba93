import { abortAfter } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { Deadline } from '../deadline.ts'
import { ActionError, CancelledError } from '../errors.ts'
import type { Log } from '../log.ts'
import { classifyFailure, explainFailure, failureCode } from './aws-failure.ts'

/** Ends one attempt that gets no answer; AWS's control planes answer within a few seconds. */
const ATTEMPT_MS = 20_000
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 10_000

export interface AwsCall<T> {
  /** The IAM action, for messages: `ecs:DescribeServices`. */
  readonly operation: string
  /** What it is about, for messages: `service web in cluster production`. */
  readonly subject: string
  /** Sends the command once, with the given signal as the SDK's `abortSignal`. */
  readonly send: (signal: AbortSignal) => Promise<T>
  /** Decides what an error means that only this call understands; return undefined to let the general rule decide. */
  readonly recover?: (error: unknown, code: string) => T | Promise<T> | undefined
}

/** Sends AWS requests: retries what passes with jittered pauses until the deadline, explains the rest. */
export class AwsCaller {
  readonly #deadline: Deadline
  readonly #signal: AbortSignal
  readonly #clock: Clock
  readonly #log: Log
  readonly #attemptMs: number

  constructor(options: { deadline: Deadline; signal: AbortSignal; clock: Clock; log: Log; attemptMs?: number }) {
    this.#deadline = options.deadline
    this.#signal = options.signal
    this.#clock = options.clock
    this.#log = options.log
    this.#attemptMs = options.attemptMs ?? ATTEMPT_MS
  }

  /** The same with another end: clean-up after a cancellation has 5 s and a signal of its own. */
  within(deadlineMs: number, signal: AbortSignal): AwsCaller {
    return new AwsCaller({
      deadline: new Deadline(deadlineMs, this.#clock),
      signal,
      clock: this.#clock,
      log: this.#log,
      attemptMs: this.#attemptMs,
    })
  }

  /**
   * @throws {ActionError} access-denied, no-credentials, not-found, quota and refused at once; unreachable at the deadline
   * @throws {CancelledError} as soon as the signal aborts
   */
  async call<T>(call: AwsCall<T>): Promise<T> {
    let pauseMs = FIRST_PAUSE_MS
    let lastFailure: unknown
    while (true) {
      this.#throwIfOver(call, lastFailure)
      const attempt = await this.#attempt(call)
      if ('answer' in attempt) return attempt.answer
      const { failure } = attempt
      if (this.#signal.aborted) throw new CancelledError()
      const recovered = call.recover?.(failure, failureCode(failure))
      if (recovered !== undefined) return await recovered
      // From the credential provider, which has explained it already.
      if (failure instanceof ActionError) throw failure
      if (classifyFailure(failure) !== 'transient') throw explainFailure(failure, call.operation, call.subject)
      lastFailure = failure
      this.#log.debug(
        `${call.operation} on ${call.subject}: ${failureCode(failure)}; next try within ${Math.round(pauseMs)} ms`,
      )
      // Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"), with a floor so that it is a pause.
      const jitteredMs = pauseMs * (0.2 + 0.8 * Math.random())
      await this.#clock.sleep(Math.min(jitteredMs, this.#deadline.remainingMs()), this.#signal)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }

  async #attempt<T>(call: AwsCall<T>): Promise<{ answer: T } | { failure: unknown }> {
    using limit = abortAfter(Math.min(this.#attemptMs, this.#deadline.remainingMs()), this.#clock, this.#signal)
    try {
      return { answer: await call.send(limit.signal) }
    } catch (error) {
      if (!limit.timedOut()) return { failure: error }
      const timeout = new Error('no answer came in time')
      timeout.name = 'TimeoutError'
      return { failure: timeout }
    }
  }

  #throwIfOver(call: AwsCall<unknown>, lastFailure: unknown): void {
    if (this.#signal.aborted) throw new CancelledError()
    if (!this.#deadline.passed()) return
    const failure =
      lastFailure ??
      Object.assign(new Error('the deadline had passed before it could be sent'), { name: 'TimeoutError' })
    throw explainFailure(failure, call.operation, call.subject)
  }
}
