import { abortAfter, unlessAborted } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { Deadline } from '../deadline.ts'
import { formatDuration } from '../duration.ts'
import { ActionError, CancelledError, messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { classifyFailure, explainFailure, failureCode, isExpired, isThrottle } from './aws-failure.ts'

/** Ends one attempt that gets no answer; AWS's control planes answer within a few seconds. */
const ATTEMPT_MS = 20_000
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 10_000
/** A session that ran out between signing and arriving is renewed by the next attempt; one that is not renewed stays so. */
const EXPIRED_ATTEMPTS = 3
/** A few failures in a row are everyday; somebody who reads the log wants to know of more. */
const TOLD_EVERY = 5

export interface AwsCall<T> {
  /** The IAM action, for messages: `ecs:DescribeServices`. */
  readonly operation: string
  /** What it is about, for messages: `service web in cluster production`. */
  readonly subject: string
  /** Sends the command once, with the given signal as the SDK's `abortSignal`. */
  readonly send: (signal: AbortSignal) => Promise<T>
  /**
   * Decides what an error means that only this call understands; return undefined to let the general rule decide.
   * `attempt` counts from 1: from the second on, an earlier one may have taken effect although its answer was lost.
   */
  readonly recover?: (error: unknown, code: string, attempt: number) => T | Promise<T> | undefined
  /** Called when an attempt ends without AWS's word that nothing was done: it may have taken effect. */
  readonly onLostAnswer?: () => void
}

/** An attempt is cut short when the deadline leaves it less time than any other has. */
type Attempt<T> = { readonly answer: T } | { readonly failure: unknown; readonly isCutShort: boolean }

/** Sends AWS requests: retries what passes with jittered pauses until the deadline, explains the rest. */
export class AwsCaller {
  readonly #deadline: Deadline
  readonly #signal: AbortSignal
  readonly #clock: Clock
  readonly #log: Log
  readonly #attemptMs: number
  #trouble: string | undefined

  constructor(options: { deadline: Deadline; signal: AbortSignal; clock: Clock; log: Log; attemptMs?: number }) {
    this.#deadline = options.deadline
    this.#signal = options.signal
    this.#clock = options.clock
    this.#log = options.log
    this.#attemptMs = options.attemptMs ?? ATTEMPT_MS
  }

  /** What the last attempt of any call met, if it did not succeed: why a wait saw nothing more until its deadline. */
  get trouble(): string | undefined {
    return this.#trouble
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
    for (let number = 1; ; number += 1) {
      this.#throwIfOver(call, lastFailure)
      const attempt = await this.#attempt(call)
      if ('answer' in attempt) {
        this.#trouble = undefined
        return attempt.answer
      }
      const { failure } = attempt
      if (this.#signal.aborted) throw new CancelledError()
      // Credentials that cannot be had: whoever tried knows better what to say.
      if (failure instanceof ActionError) throw failure
      const recovered = call.recover?.(failure, failureCode(failure), number)
      if (recovered !== undefined) return await recovered
      if (classifyFailure(failure) !== 'transient' && !(isExpired(failure) && number < EXPIRED_ATTEMPTS)) {
        throw explainFailure(failure, call.operation, call.subject)
      }
      if (!isThrottle(failure)) call.onLostAnswer?.()
      // An attempt that the deadline cut short says less than the answer before it.
      if (attempt.isCutShort && lastFailure !== undefined)
        throw explainFailure(lastFailure, call.operation, call.subject)
      lastFailure = failure
      this.#trouble = `${call.operation} on ${call.subject}: ${failureCode(failure)}: ${messageOf(failure)}`
      const say = number % TOLD_EVERY === 0 ? this.#log.info : this.#log.debug
      say(`${this.#trouble} (attempt ${number}; trying again within ${formatDuration(pauseMs)})`)
      // Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"), with a floor so that it is a pause.
      const jitteredMs = pauseMs * (0.2 + 0.8 * Math.random())
      await this.#clock.sleep(Math.min(jitteredMs, this.#deadline.remainingMs()), this.#signal)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }

  async #attempt<T>(call: AwsCall<T>): Promise<Attempt<T>> {
    const remainingMs = this.#deadline.remainingMs()
    using limit = abortAfter(Math.min(this.#attemptMs, remainingMs), this.#clock, this.#signal)
    try {
      // While the SDK waits for credentials it does not listen to the signal itself.
      return { answer: await unlessAborted(call.send(limit.signal), limit.signal) }
    } catch (error) {
      if (!limit.timedOut()) return { failure: error, isCutShort: false }
      const timeout = new Error('no answer came in time')
      timeout.name = 'TimeoutError'
      return { failure: timeout, isCutShort: remainingMs < this.#attemptMs }
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
