import type { Conclusion, JobRun } from './workflow-run.ts'

/** What the jobs that need this one, and the run as a whole, see of it. */
export interface JobOutcome {
  readonly id: string
  /** With `continue-on-error` a failure counts as a success. */
  readonly result: Conclusion
  readonly outputs: Readonly<Record<string, string>>
  readonly runs: readonly JobRun[]
}

/** The result of a whole workflow by its jobs', or of a job by those of the legs of its matrix. */
export function resultOf(results: readonly Conclusion[]): Conclusion {
  if (results.includes('failure')) return 'failure'
  if (results.includes('cancelled')) return 'cancelled'
  return results.every((result) => result === 'skipped') ? 'skipped' : 'success'
}
