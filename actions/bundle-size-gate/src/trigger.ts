import { readFileSync } from 'node:fs'
import * as v from 'valibot'

type Environment = Readonly<Record<string, string | undefined>>

/** Why this run takes place, as far as baselines and comments depend on it. */
export interface Trigger {
  /** The commit that is measured: of a pull request its head, else GITHUB_SHA. */
  readonly sha: string
  readonly defaultBranch?: string
  /** Such a run keeps the baseline. Pull requests never do, whatever ref they run on. */
  readonly onDefaultBranch: boolean
  readonly pullRequest?: PullRequest
  /** The commit that a merge queue puts its group on. */
  readonly mergeGroupBaseSha?: string
}

export interface PullRequest {
  readonly number: number
  /** A commit or a branch: what the pull request is to be merged into. */
  readonly base: string
  readonly head: string
  /** Labels when the event took place; a run that is started again later still sees these. */
  readonly labels: readonly string[]
}

const branch = v.object({ sha: v.optional(v.string()), ref: v.optional(v.string()) })
const eventSchema = v.object({
  repository: v.optional(v.object({ default_branch: v.optional(v.string()) })),
  pull_request: v.optional(
    v.object({
      number: v.number(),
      base: v.optional(branch, {}),
      head: v.optional(branch, {}),
      labels: v.optional(v.array(v.object({ name: v.string() })), []),
    }),
  ),
  merge_group: v.optional(v.object({ base_sha: v.string() })),
})
type Event = v.InferOutput<typeof eventSchema>

/** Events that run on a branch as it is: their code is the branch's own, not somebody's proposal. */
const BRANCH_EVENTS = ['push', 'schedule', 'workflow_dispatch', 'repository_dispatch']

/**
 * Reads the run's event.
 * @see https://docs.github.com/actions/reference/workflows-and-actions/variables
 */
export function readTrigger(environment: Environment): Trigger {
  const event = readEvent(environment.GITHUB_EVENT_PATH)
  const defaultBranch = event.repository?.default_branch
  const pullRequest = readPullRequest(event, environment)
  return {
    sha: pullRequest?.head ?? environment.GITHUB_SHA ?? '',
    ...(defaultBranch !== undefined && { defaultBranch }),
    onDefaultBranch: !pullRequest && runsOnDefaultBranch(environment, defaultBranch),
    ...(pullRequest && { pullRequest }),
    ...(event.merge_group && { mergeGroupBaseSha: event.merge_group.base_sha }),
  }
}

function readPullRequest({ pull_request: pull, repository }: Event, environment: Environment): PullRequest | undefined {
  if (!pull) return undefined
  const base = pull.base.sha ?? pull.base.ref ?? environment.GITHUB_BASE_REF ?? repository?.default_branch ?? ''
  const head = pull.head.sha ?? environment.GITHUB_SHA ?? ''
  return { number: pull.number, base, head, labels: pull.labels.map((label) => label.name) }
}

function runsOnDefaultBranch(environment: Environment, defaultBranch: string | undefined): boolean {
  if (!BRANCH_EVENTS.includes(environment.GITHUB_EVENT_NAME ?? '')) return false
  // Every event of GitHub's names the default branch. Where one comes without (a run by hand), its usual names count.
  const names = defaultBranch === undefined ? ['main', 'master'] : [defaultBranch]
  return names.some((name) => environment.GITHUB_REF === `refs/heads/${name}`)
}

function readEvent(path: string | undefined): Event {
  if (path === undefined || path === '') return {}
  try {
    const result = v.safeParse(eventSchema, JSON.parse(readFileSync(path, 'utf8')))
    return result.success ? result.output : {}
  } catch {
    // Outside GitHub the variable may point nowhere; then nothing is known about the event.
    return {}
  }
}
