/** What kind of trouble an error is; the kind decides the advice, never the text. */
export type ErrorCode =
  /** An input, alone or together with others, cannot be used. Nothing was sent or written. */
  | 'bad-input'
  /** AWS or GitHub refused the caller; the message names the missing permission. */
  | 'access-denied'
  /** No credentials, or credentials that ran out and could not be renewed. */
  | 'no-credentials'
  /** The named resource does not exist. */
  | 'not-found'
  /** The service refused the request as it stands; sending it again cannot help. */
  | 'refused'
  /** The service could not be reached, was throttling or failing until the deadline. */
  | 'unreachable'
  /** A limit of the account stands in the way. */
  | 'quota'
  /** The world is in a state in which the work must not be done. */
  | 'wrong-state'
  /** SIGINT or SIGTERM. */
  | 'cancelled'
  /** A defect of deploy-kit. */
  | 'internal'

/**
 * An action could not do its job. The message says what was tried, why it failed and what the state is now;
 * `advice` says what to do next.
 */
export class ActionError extends Error {
  readonly code: ErrorCode
  readonly advice: string

  constructor(code: ErrorCode, message: string, options: { advice?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ActionError'
    this.code = code
    this.advice = options.advice ?? ''
  }
}

/** Thrown by waits and calls when the step is cancelled. */
export class CancelledError extends ActionError {
  /** What is the state now, in whole sentences, where whoever throws knows it; empty otherwise. */
  readonly state: string

  constructor(state = '') {
    super('cancelled', state === '' ? 'The step was cancelled.' : state)
    this.name = 'CancelledError'
    this.state = state
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message
  return String(error)
}
