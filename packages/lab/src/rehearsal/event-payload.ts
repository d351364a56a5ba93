import type { InputValue } from './event-inputs.ts'
import type { ChosenEvent } from './event-trigger.ts'
import type { GitServer } from './git-server.ts'

/** `github.event`, and what of the context depends on the event alone. */
export interface RunEventFacts {
  readonly payload: Readonly<Record<string, unknown>>
  /** A pull request's branches; empty for other events. */
  readonly baseRef: string
  readonly headRef: string
}

export interface PayloadFacts {
  readonly chosen: ChosenEvent
  readonly repository: string
  readonly defaultBranch: string
  /** The branch that the user is on, which a pull request is from. */
  readonly branch: string | undefined
  readonly actor: string
  readonly serverUrl: string
  readonly apiUrl: string
  readonly server: Pick<GitServer, 'sha' | 'parent' | 'message'>
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly workflowPath: string
  /** What the caller wants in the payload in place of what is made up. */
  readonly given: Readonly<Record<string, unknown>>
  readonly now: Date
}

const noCommit = '0'.repeat(40)

/** A payload as GitHub sends it, with what can be known here. @see https://docs.github.com/webhooks/webhook-events-and-payloads */
export function makeEvent(facts: PayloadFacts): RunEventFacts {
  const { chosen } = facts
  const base = { repository: repositoryOf(facts), sender: userOf(facts.actor) }
  const action = chosen.activity === undefined ? {} : { action: chosen.activity }
  const payload = { ...action, ...detailsOf(facts), ...base, ...facts.given }
  const isPullRequest = chosen.name.startsWith('pull_request')
  return {
    payload,
    baseRef: isPullRequest ? facts.defaultBranch : '',
    headRef: isPullRequest ? headBranchOf(facts) : '',
  }
}

function detailsOf(facts: PayloadFacts): Record<string, unknown> {
  const { chosen, server } = facts
  if (chosen.name.startsWith('pull_request')) return { number: 1, pull_request: pullRequestOf(facts) }
  switch (chosen.name) {
    case 'push':
      return pushOf(facts)
    case 'workflow_dispatch':
    case 'workflow_call':
      return { inputs: textsOf(facts.inputs), ref: chosen.ref, workflow: facts.workflowPath }
    case 'schedule':
      return { schedule: chosen.schedule }
    case 'workflow_run':
      return { workflow_run: workflowRunOf(facts) }
    case 'release':
      return {
        release: {
          id: 1,
          tag_name: chosen.ref.replace('refs/tags/', ''),
          target_commitish: facts.defaultBranch,
          name: '',
          body: '',
          draft: false,
          prerelease: false,
        },
      }
    case 'repository_dispatch':
      return { branch: facts.defaultBranch, client_payload: {} }
    default:
      return { ref: chosen.ref, after: server.sha }
  }
}

function pushOf(facts: PayloadFacts): Record<string, unknown> {
  const { chosen, server } = facts
  const commit = {
    id: server.sha,
    message: server.message,
    timestamp: facts.now.toISOString(),
    url: `${facts.serverUrl}/${facts.repository}/commit/${server.sha}`,
    author: { name: facts.actor, username: facts.actor },
    committer: { name: facts.actor, username: facts.actor },
    distinct: true,
  }
  return {
    ref: chosen.ref,
    before: server.parent ?? noCommit,
    after: server.sha,
    base_ref: null,
    created: server.parent === undefined,
    deleted: false,
    forced: false,
    compare: `${facts.serverUrl}/${facts.repository}/compare/${server.parent ?? noCommit}...${server.sha}`,
    head_commit: commit,
    commits: [commit],
    pusher: { name: facts.actor },
  }
}

function pullRequestOf(facts: PayloadFacts): Record<string, unknown> {
  const repo = repositoryOf(facts)
  return {
    id: 1,
    number: 1,
    state: 'open',
    title: facts.server.message.split('\n')[0] ?? '',
    body: null,
    draft: false,
    merged: false,
    labels: [],
    user: userOf(facts.actor),
    head: { ref: headBranchOf(facts), sha: facts.server.sha, repo },
    base: { ref: facts.defaultBranch, sha: facts.server.parent ?? facts.server.sha, repo },
    html_url: `${facts.serverUrl}/${facts.repository}/pull/1`,
    url: `${facts.apiUrl}/repos/${facts.repository}/pulls/1`,
  }
}

function workflowRunOf(facts: PayloadFacts): Record<string, unknown> {
  return {
    id: 1,
    name: 'CI',
    event: 'push',
    status: 'completed',
    conclusion: 'success',
    head_branch: facts.defaultBranch,
    head_sha: facts.server.sha,
    head_repository: repositoryOf(facts),
    run_number: 1,
    run_attempt: 1,
    pull_requests: [],
  }
}

function repositoryOf(facts: PayloadFacts): Record<string, unknown> {
  const [owner = '', name = ''] = facts.repository.split('/')
  return {
    id: 1,
    name,
    full_name: facts.repository,
    private: true,
    fork: false,
    owner: userOf(owner),
    default_branch: facts.defaultBranch,
    html_url: `${facts.serverUrl}/${facts.repository}`,
    url: `${facts.apiUrl}/repos/${facts.repository}`,
  }
}

function headBranchOf(facts: PayloadFacts): string {
  return facts.branch === undefined || facts.branch === facts.defaultBranch ? 'rehearsal' : facts.branch
}

function textsOf(inputs: Readonly<Record<string, InputValue>>): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)]))
}

function userOf(login: string): Record<string, unknown> {
  return { id: 1, login, type: 'User' }
}
