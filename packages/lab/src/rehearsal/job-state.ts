import type { ChildProcess } from 'node:child_process'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import type { Cancellation } from './cancellation.ts'
import { hashFilesFunction, type JobStatus, stepStatusFunctions } from './expression-functions.ts'
import type { Masker } from './masker.ts'
import type { Run } from './run.ts'
import type { Scope } from './template.ts'
import type { Conclusion, JobHeading } from './workflow-run.ts'

/** The folders of one job; a job on GitHub has a machine of its own. */
export interface JobDirectories {
  readonly work: string
  readonly workspace: string
  readonly temporary: string
  readonly toolCache: string
  readonly home: string
}

/** A job while it runs. */
export interface JobState {
  readonly run: Run
  readonly heading: JobHeading
  readonly directories: JobDirectories
  readonly masker: Masker
  readonly cancellation: Cancellation
  /** `github`, `inputs`, `vars`, `secrets`, `needs`, `strategy`, `matrix`, `runner`. */
  readonly contexts: Readonly<Record<string, unknown>>
  /** The workflow's and the job's `env`, and what steps have added through GITHUB_ENV. */
  readonly environment: Map<string, string>
  /** What steps have added through GITHUB_PATH, the latest first. */
  readonly path: string[]
  /** Variables that are there for processes but not in the `env` context. */
  readonly hiddenVariables: Readonly<Record<string, string>>
  readonly isDebug: boolean
  /** `defaults.run` of the workflow and the job. */
  readonly defaults: { readonly shell: string | undefined; readonly workingDirectory: string | undefined }
  /** Every process that a step has started; what they leave behind is ended with the job. */
  readonly processes: ChildProcess[]
  status: JobStatus
}

/** What a job's steps, or the steps of one composite action, share. */
export interface Frame {
  /** The file in which the steps are written, as messages name it. */
  readonly file: string
  readonly steps: Record<string, StepResult>
  readonly inputs: Readonly<Record<string, unknown>>
  /** The `env` of the `uses` steps around a composite action. */
  readonly overrides: Readonly<Record<string, string>>
  /** `action_path` and the like of a composite action; empty for a job. */
  readonly github: Readonly<Record<string, string>>
  /** Undefined for a job's own steps, which go by the job's status. */
  readonly composite: { status: JobStatus } | undefined
}

export interface StepResult {
  readonly outputs: Readonly<Record<string, string>>
  readonly outcome: Conclusion
  readonly conclusion: Conclusion
}

/** What `success()` and the like go by in a frame. */
export function statusIn(job: JobState, frame: Frame): JobStatus {
  return job.status === 'cancelled' ? 'cancelled' : (frame.composite?.status ?? job.status)
}

/** The `env` context of a step: the job's, then of the steps around it, then its own. */
export function environmentIn(job: JobState, frame: Frame, own: Readonly<Record<string, string>>) {
  return { ...Object.fromEntries(job.environment), ...frame.overrides, ...own }
}

/** What expressions of a step can see. A composite action sees no secrets, variables or needs, as on GitHub. */
export function stepScope(
  job: JobState,
  frame: Frame,
  env: Readonly<Record<string, string>>,
  github: Readonly<Record<string, string>> = {},
): Scope {
  const { needs, secrets, vars, ...shared } = job.contexts
  const status = statusIn(job, frame)
  return {
    file: frame.file,
    contexts: {
      ...shared,
      ...(frame.composite === undefined ? { needs, secrets, vars } : {}),
      github: { ...(job.contexts.github as object), ...frame.github, action_status: status, ...github },
      inputs: frame.inputs,
      steps: frame.steps,
      env,
      job: { status: job.status, container: {}, services: {} },
    },
    functions: functionsFor(job, status),
  }
}

function functionsFor(job: JobState, status: JobStatus): readonly FunctionDefinition[] {
  return [...stepStatusFunctions(status), hashFilesFunction(job.directories.workspace)]
}
