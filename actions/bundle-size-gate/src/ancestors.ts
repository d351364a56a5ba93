import * as v from 'valibot'
import type { GitHubRequests } from './github-api.ts'
import { GitHubFailure } from './github-failure.ts'
import type { Trigger } from './trigger.ts'

/** Commits are listed so far back; a baseline that is older says little about a change of today. */
const PAGES = 5
const PER_PAGE = 100

export interface StartingPoint {
  /** The commit whose baseline is wanted, or whose nearest ancestor's. */
  readonly sha: string
  /** What the commit is, for people. */
  readonly role: string
  /** A run of the default branch is compared with what was before it, not with itself. */
  readonly itself: boolean
}

const compareSchema = v.object({ merge_base_commit: v.object({ sha: v.string() }) })
const repositorySchema = v.object({ default_branch: v.string() })

/**
 * Where the search for a baseline begins. The merge base comes from GitHub, since a checkout is often shallow.
 * @see https://docs.github.com/rest/commits/commits#compare-two-commits
 */
export async function findStart(trigger: Trigger, github: GitHubRequests): Promise<StartingPoint> {
  const { pullRequest, mergeGroupBaseSha, sha } = trigger
  if (pullRequest) return mergeBase(pullRequest.base, pullRequest.head, github)
  if (mergeGroupBaseSha !== undefined)
    return { sha: mergeGroupBaseSha, role: 'the base of the merge group', itself: true }
  if (sha === '') throw new GitHubFailure(0, 'GITHUB_SHA does not say which commit this is')
  if (trigger.onDefaultBranch) return { sha, role: 'the commit before', itself: false }
  const branch =
    trigger.defaultBranch ?? (await github.call('GET /repos/{owner}/{repo}', {}, repositorySchema)).default_branch
  return mergeBase(branch, sha, github)
}

async function mergeBase(base: string, head: string, github: GitHubRequests): Promise<StartingPoint> {
  const parameters = { basehead: `${base}...${head}`, per_page: 1 }
  const compared = await github.call('GET /repos/{owner}/{repo}/compare/{basehead}', parameters, compareSchema)
  return { sha: compared.merge_base_commit.sha, role: 'the merge base', itself: true }
}

const commitsSchema = v.array(v.object({ sha: v.string() }))

/** The commit and its ancestors, nearest first. */
export async function* listAncestors(start: StartingPoint, github: GitHubRequests): AsyncGenerator<string> {
  // Most often the commit itself has what is wanted, and then no list is needed.
  if (start.itself) yield start.sha
  for (let page = 1; page <= PAGES; page += 1) {
    const parameters = { sha: start.sha, per_page: PER_PAGE, page }
    const commits = await github.call('GET /repos/{owner}/{repo}/commits', parameters, commitsSchema)
    for (const { sha } of commits) if (sha !== start.sha) yield sha
    if (commits.length < PER_PAGE) return
  }
}
