import type { GitHub } from '../github/github.ts'
import type { ProcessKeeper } from '../process-keeper.ts'
import type { ActionLibrary } from './action-library.ts'
import type { RunEventFacts } from './event-payload.ts'
import type { GitServer } from './git-server.ts'
import type { Masker } from './masker.ts'
import type { Repository } from './repository.ts'
import type { WorkflowPlan } from './workflow-plan.ts'
import type { RunEvent, RunTrigger } from './workflow-run.ts'

/** What all jobs of one run share. */
export interface Run {
  readonly workflowFile: string
  readonly workflowName: string
  readonly repository: Repository
  /** Undefined when nothing is committed: then a checkout fails. */
  readonly server: GitServer | undefined
  /** The lab's GitHub, which gives each job a token with its permissions; undefined without one. */
  readonly github: GitHub | undefined
  readonly trigger: RunTrigger
  readonly event: RunEventFacts
  readonly settings: RunSettings
  readonly actions: ActionLibrary
  readonly keeper: ProcessKeeper
  /** Everything that the run writes lies in it. */
  readonly directory: string
  /** Knows the secrets of all jobs, for what is shown of the run as a whole. */
  readonly masker: Masker
  readonly emit: (event: RunEvent) => void
  /** Says something once for the whole run. */
  readonly notice: (text: string) => void
  /** Counts the jobs that were set up: each has a folder of its own. */
  readonly nextJobNumber: () => number
  /** Workflows that jobs call, by their path in the repository. */
  readonly calledWorkflows: ReadonlyMap<string, WorkflowPlan>
  /** Aborted when the run is cancelled. */
  readonly cancelled: AbortSignal
}

export interface RunSettings {
  readonly runId: string
  /** Overrides what a job says about the time after its cancellation. */
  readonly cancelGraceMs: number | undefined
  readonly actor: string
  readonly apiUrl: string
  readonly serverUrl: string
  /** `github.token` where there is no GitHub to make one for each job. */
  readonly token: string
  /** Where a job with `id-token: write` gets its OIDC token; undefined when the lab has no such place. */
  readonly idToken: { readonly url: string; readonly token: string } | undefined
  /** As if the workflow's own `env` began with them: where the lab's services are and its keys. */
  readonly labVariables: Readonly<Record<string, string>>
  /** The machine's own variables that a step may see. */
  readonly machineVariables: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly vars: Readonly<Record<string, string>>
  /** Masked from the start, beside the secrets. */
  readonly masked: readonly string[]
}
