import type { Reason } from './probe-error.ts'
import type { StatusSet } from './status-set.ts'

/** What a healthy target answers. What is not given is not looked at. */
export interface Expectations {
  readonly status: StatusSet
  readonly bodyText?: string
  /** The URL that is judged after redirects. */
  readonly finalUrl?: string
  /** From DNS to the end of the body. */
  readonly maxResponseMs?: number
  readonly minCertificateValidityMs?: number
}

/** One thing that is not as expected; `message` is a sentence without a full stop. */
export interface Problem {
  readonly reason: Reason
  readonly message: string
}
