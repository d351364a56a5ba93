import type { InputValue } from './event-inputs.ts'
import { githubContext } from './github-context.ts'
import type { JobPermissions } from './permissions.ts'
import type { Run } from './run.ts'
import type { WorkflowPlan } from './workflow-plan.ts'

/** The workflow of a run, or one that a job of it calls, with what its jobs share. */
export interface WorkflowScope {
  readonly run: Run
  readonly plan: WorkflowPlan
  /** `owner/name/.github/workflows/deploy.yml@refs/heads/main`: where it lies. */
  readonly ref: string
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly secrets: Readonly<Record<string, string>>
  /** What the calling job may do; undefined for the run's own workflow. */
  readonly permissions: JobPermissions | undefined
  /** Stands before the ids and names of its jobs: empty, or the calling job's. */
  readonly prefix: { readonly id: string; readonly name: string }
  /** Aborted when all its jobs are to be cancelled. */
  readonly cancelled: AbortSignal
}

/** What expressions of every job of the workflow can see before the job has a machine. */
export function workflowContexts({ run, inputs }: WorkflowScope): Record<string, unknown> {
  return { github: githubContext(run, undefined), inputs, vars: run.settings.vars }
}
