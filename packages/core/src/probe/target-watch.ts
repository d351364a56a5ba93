import type { Attempt } from './attempt.ts'
import type { Target } from './target.ts'
import type { CertificateFacts } from './trace.ts'

/** How many attempts a report tells about. */
const HISTORY = 20

/** What is known about one target. */
export class TargetWatch {
  readonly target: Target
  /** The last ones, oldest first. */
  readonly history: Attempt[] = []
  /** Attempts begun. */
  attempts = 0
  /** Consecutive passes up to now. */
  streak = 0
  /** Consecutive failures that count for failure-threshold. */
  failures = 0
  /** Passes in all. */
  passes = 0
  lastFailure: Attempt | undefined
  /** The last one that brought an answer with a status. */
  lastAnswered: Attempt | undefined

  /** What the last body that had one said at the version path. */
  version: string | undefined
  certificate: CertificateFacts | undefined

  constructor(target: Target) {
    this.target = target
  }

  /** `failureCounts` is false in the start period. */
  record(attempt: Attempt, failureCounts: boolean): void {
    this.history.push(attempt)
    if (this.history.length > HISTORY) this.history.shift()
    if (attempt.trace.head) this.lastAnswered = attempt
    this.version = attempt.version ?? this.version
    this.certificate = attempt.trace.certificate ?? this.certificate
    if (!attempt.complete) return
    if (attempt.problems.length === 0) {
      this.streak += 1
      this.passes += 1
      this.failures = 0
    } else {
      this.streak = 0
      this.failures += failureCounts ? 1 : 0
      this.lastFailure = attempt
    }
  }

  get last(): Attempt | undefined {
    return this.history.at(-1)
  }
}
