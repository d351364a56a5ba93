import type { GitHub } from '../github/github.ts'
import type { ProcessKeeper } from '../process-keeper.ts'
import type { RunEvent } from './workflow-run.ts'

/** What a rehearsal of one workflow file is asked for. */
export interface RunOptions {
  /** Absolute path; the file lies in `.github/workflows` of a git work tree, or of a folder inside one. */
  readonly workflowFile: string
  /** Default: `push` to the default branch where the file has it, else the first event that the file names. */
  readonly event?: string
  /** `refs/heads/…` or `refs/tags/…`; default: the default branch, or what the event's own filter names. */
  readonly ref?: string
  /** Values of `workflow_dispatch` inputs, as text. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Members of `github.event`, over those that the rehearsal makes up. */
  readonly payload?: Readonly<Record<string, unknown>>
  /** `github.run_id`; default: made from the time. */
  readonly runId?: string
  readonly secrets?: Readonly<Record<string, string>>
  readonly vars?: Readonly<Record<string, string>>
  /**
   * Variables of every step beside GitHub's own, as if the workflow's `env` began with them: a lab's endpoints and
   * keys. LAB_… and AWS_REGION are in the `vars` context too. ACTIONS_ID_TOKEN_REQUEST_URL and
   * ACTIONS_ID_TOKEN_REQUEST_TOKEN among them are given only to jobs with `id-token: write`; GITHUB_TOKEN becomes
   * `secrets.GITHUB_TOKEN` and `github.token`; GITHUB_API_URL, GITHUB_SERVER_URL, GITHUB_REPOSITORY replace the defaults.
   */
  readonly environment?: Readonly<Record<string, string>>
  /** How long always() and post steps may go on after a cancellation, in milliseconds; default: as the job says. */
  readonly cancelGraceMs?: number
  /** Makes the folder that `release:tree` writes; called only for a workflow that uses deploy-kit's own actions. */
  readonly releaseTree?: () => Promise<string>
  /** A git repository (absolute path) with releases: deploy-kit's actions are those of the ref that a step names. */
  readonly actionsFrom?: string
  /** `owner/name` or `owner/name/path` of actions to take from a local folder (absolute path). */
  readonly actionFolders?: Readonly<Record<string, string>>
  /** `owner/name` or `owner/name/path` of actions whose steps succeed without doing anything. */
  readonly skippedActions?: readonly string[]
  /**
   * The lab's GitHub: the run's repository in it gets the commits and the pull request of the run, steps fetch from it
   * and push to it, and each job's GITHUB_TOKEN may do what its `permissions` say.
   */
  readonly github?: GitHub
  /** Starts the processes; one of its own when not given. */
  readonly keeper?: ProcessKeeper
  readonly onEvent?: (event: RunEvent) => void
  /** Aborting it cancels the run as the Cancel button does: post steps and `always()` still run. */
  readonly signal?: AbortSignal
}
