import * as v from 'valibot'
import { readBody } from './body.ts'
import type { Endpoint, EndpointAnswer, EndpointRequest } from './endpoint.ts'
import { notFound } from './github-error.ts'
import { answerPage, readPage, slicePage } from './pagination.ts'
import type { GitHubRepository, Issue } from './repository.ts'

const REPOSITORY = '/repos/{owner}/{repo}'

/** @see https://docs.github.com/rest/issues/issues */
export const issueEndpoints: readonly Endpoint[] = [
  { route: `GET ${REPOSITORY}/issues`, requires: [{ scope: 'issues', level: 'read' }], answer: listIssues },
  { route: `POST ${REPOSITORY}/issues`, requires: [{ scope: 'issues', level: 'write' }], answer: createIssue },
  {
    route: `PATCH ${REPOSITORY}/issues/{number}`,
    requires: [{ scope: 'issues', level: 'write' }],
    answer: updateIssue,
  },
]

function showIssue(repository: GitHubRepository, issue: Pick<Issue, 'number'>): object {
  const labels = [...(repository.labels.get(issue.number) ?? [])].map((name) => ({ name }))
  return { ...issue, html_url: `https://github.com/${repository.fullName}/issues/${issue.number}`, labels }
}

/** Newest first. Every pull request is an issue as well, and open; GitHub marks it by `pull_request`. */
async function listIssues(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, query } = request
  const pulls = [...repository.pulls.values()].map(({ number, title }) => {
    return { number, title, body: null, state: 'open' as const, pull_request: {} }
  })
  const state = query.get('state') ?? 'open'
  const wanted = (query.get('labels') ?? '').split(',').filter((label) => label !== '')
  const all = [...repository.issues.values(), ...pulls]
    .filter((issue) => state === 'all' || issue.state === state)
    .filter(({ number }) => wanted.every((label) => repository.labels.get(number)?.has(label)))
    .sort((a, b) => b.number - a.number)
  const page = readPage(query)
  const items = slicePage(all, page).map((issue) => showIssue(repository, issue))
  return answerPage(request, `/repos/${repository.fullName}/issues`, { items, total: all.length, page })
}

const newIssue = v.object({
  title: v.string(),
  body: v.optional(v.string(), ''),
  labels: v.optional(v.array(v.string()), []),
})

async function createIssue({ repository, body }: EndpointRequest): Promise<EndpointAnswer> {
  const { labels, ...issue } = readBody(newIssue, body)
  const opened = repository.openIssue(issue)
  repository.labels.set(opened.number, new Set(labels))
  return { status: 201, body: showIssue(repository, opened) }
}

const change = v.object({
  title: v.optional(v.string()),
  body: v.optional(v.string()),
  state: v.optional(v.picklist(['open', 'closed'])),
})

async function updateIssue({ repository, parameters, body }: EndpointRequest): Promise<EndpointAnswer> {
  const issue = repository.issues.get(Number(parameters.number))
  if (!issue) throw notFound()
  const { title = issue.title, body: text = issue.body, state = issue.state } = readBody(change, body)
  const changed: Issue = { ...issue, title, body: text, state }
  repository.issues.set(issue.number, changed)
  return { status: 200, body: showIssue(repository, changed) }
}
