/** What a rehearsed workflow did: what runWorkflow resolves with, what the report shows and what tests read. */

/** GitHub's own words for the end of a step, a job or a run. */
export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped'

export interface WorkflowRun {
  /** Path in the repository: `.github/workflows/deploy.yml`. */
  readonly workflowFile: string
  /** The workflow's `name`, or its path. */
  readonly name: string
  readonly event: RunTrigger
  readonly conclusion: Exclude<Conclusion, 'skipped'>
  readonly startedAt: Date
  readonly endedAt: Date
  /** What the rehearsal did otherwise than GitHub, each said once: stand-ins, skipped actions, ignored filters. */
  readonly notices: readonly string[]
  /** In the order of the file; the legs of a matrix one after the other. */
  readonly jobs: readonly JobRun[]
  /** Takes the secrets of its jobs out of what others have recorded of the run, such as the lab's journal. */
  readonly mask: (text: string) => string
}

export interface RunTrigger {
  /** `push`, `workflow_dispatch`, … */
  readonly name: string
  /** `refs/heads/main`. */
  readonly ref: string
  readonly sha: string
  /** `owner/name` as the run's `github.repository`. */
  readonly repository: string
  readonly inputs: Readonly<Record<string, string | boolean | number>>
}

export interface JobHeading {
  /** The key in the file; a called workflow's jobs are `<caller's key>/<key>`. */
  readonly id: string
  /** As GitHub shows it: `test (ubuntu-latest, 24)`. */
  readonly name: string
}

export interface JobRun extends JobHeading {
  /** The matrix values of this leg; undefined without a matrix. */
  readonly matrix: Readonly<Record<string, unknown>> | undefined
  readonly needs: readonly string[]
  /** With `continue-on-error` a failed job counts as a success for the run, but is shown as failed here. */
  readonly conclusion: Conclusion
  readonly continueOnError: boolean
  /** Undefined for a job that was skipped. */
  readonly startedAt: Date | undefined
  readonly endedAt: Date | undefined
  readonly outputs: Readonly<Record<string, string>>
  /** What ran, in that order: pre steps, main steps, post steps. A job that calls a workflow has none. */
  readonly steps: readonly StepRun[]
  /** The annotations of every step and of the job itself. */
  readonly annotations: readonly Annotation[]
  /** The environment that the job names; undefined without one. */
  readonly environment: string | undefined
}

export type StepPhase = 'pre' | 'main' | 'post'

export interface StepHeading {
  /** Counts from 1 in each job (and in each composite action). */
  readonly number: number
  readonly phase: StepPhase
  /** As GitHub shows it: `Run npm ci`, `Post Roll back on failure`. */
  readonly name: string
  /** The step's own `id`; undefined when it has none. */
  readonly id: string | undefined
  /** As written in the file; undefined for a `run` step. */
  readonly uses: string | undefined
}

export interface StepRun extends StepHeading {
  /** Before `continue-on-error`. */
  readonly outcome: Conclusion
  /** After `continue-on-error`. */
  readonly conclusion: Conclusion
  /** The condition that skipped it, or that a stand-in or `--skip-action` took its place; empty otherwise. */
  readonly remark: string
  readonly startedAt: Date
  readonly endedAt: Date
  /** Secrets are masked in all that follows. */
  readonly outputs: Readonly<Record<string, string>>
  readonly log: readonly LogLine[]
  /** Markdown, as written to GITHUB_STEP_SUMMARY; empty when the step wrote none. */
  readonly summary: string
  readonly annotations: readonly Annotation[]
  /** The steps of a composite action; their log lines, summaries and annotations are also their parent's. */
  readonly steps: readonly StepRun[]
}

/** `command` is a line that a runner prints about what it does; `text` is what the step wrote. */
export type LogKind = 'text' | 'command' | 'group' | 'endGroup' | 'error' | 'warning' | 'notice' | 'debug'

export interface LogLine {
  readonly at: Date
  readonly kind: LogKind
  readonly text: string
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string | undefined
  readonly message: string
  readonly file: string | undefined
  readonly line: number | undefined
  readonly endLine: number | undefined
  readonly column: number | undefined
  readonly endColumn: number | undefined
}

/** What happens, as it happens. Secrets are masked. */
export type RunEvent =
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'jobStarted'; readonly job: JobHeading }
  | { readonly kind: 'stepStarted'; readonly job: JobHeading; readonly step: StepHeading }
  | { readonly kind: 'logged'; readonly job: JobHeading; readonly step: StepHeading; readonly line: LogLine }
  | { readonly kind: 'stepEnded'; readonly job: JobHeading; readonly step: StepRun }
  | { readonly kind: 'jobEnded'; readonly job: JobRun }
