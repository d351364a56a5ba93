import type { Condition } from './condition.ts'
import type { PathStep } from './json-value.ts'
import type { Reason } from './probe-error.ts'
import type { StatusSet } from './status-set.ts'

/** What a healthy target answers. What is not given is not looked at. */
export interface Expectations {
  readonly status: StatusSet
  readonly bodyText?: string
  /** A JavaScript regular expression that compiles. */
  readonly bodyPattern?: string
  readonly version?: string
  /** All of them must hold. */
  readonly conditions?: readonly Condition[]
  /** Where the version stands in a JSON body; it is read whether or not one is expected. */
  readonly versionPath?: readonly PathStep[]
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
  /** Node's or OpenSSL's code, where there is one; it decides the advice. */
  readonly code?: string
}
