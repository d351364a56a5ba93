import * as v from 'valibot'
import { readBody } from './body.ts'
import type { Endpoint, EndpointAnswer, EndpointRequest } from './endpoint.ts'
import { GitHubError, notFound } from './github-error.ts'
import { answerPage, readPage, slicePage } from './pagination.ts'
import type { Comment, GitHubRepository, PullRequest } from './repository.ts'
import type { Requirement } from './tokens.ts'

const REPOSITORY = '/repos/{owner}/{repo}'

/** Comments and labels of a pull request are an issue's, and either permission is enough. */
const either = (level: 'read' | 'write'): Requirement => [
  { scope: 'issues', level },
  { scope: 'pull_requests', level },
]

/** @see https://docs.github.com/rest/issues/comments, https://docs.github.com/rest/issues/labels, https://docs.github.com/rest/pulls */
export const pullEndpoints: readonly Endpoint[] = [
  { route: `GET ${REPOSITORY}/pulls`, requires: [{ scope: 'pull_requests', level: 'read' }], answer: listPulls },
  { route: `POST ${REPOSITORY}/pulls`, requires: [{ scope: 'pull_requests', level: 'write' }], answer: createPull },
  { route: `GET ${REPOSITORY}/pulls/{number}`, requires: [{ scope: 'pull_requests', level: 'read' }], answer: getPull },
  { route: `GET ${REPOSITORY}/issues/{number}/comments`, requires: either('read'), answer: listComments },
  { route: `POST ${REPOSITORY}/issues/{number}/comments`, requires: either('write'), answer: createComment },
  { route: `PATCH ${REPOSITORY}/issues/comments/{id}`, requires: either('write'), answer: updateComment },
  { route: `DELETE ${REPOSITORY}/issues/comments/{id}`, requires: either('write'), answer: deleteComment },
  { route: `GET ${REPOSITORY}/issues/{number}/labels`, requires: either('read'), answer: listLabels },
  { route: `POST ${REPOSITORY}/issues/{number}/labels`, requires: either('write'), answer: addLabels },
  { route: `DELETE ${REPOSITORY}/issues/{number}/labels/{name}`, requires: either('write'), answer: removeLabel },
  { route: `GET ${REPOSITORY}/actions/runs/{id}`, requires: [{ scope: 'actions', level: 'read' }], answer: getRun },
]

/** GitHub's own limit for the text of a comment. */
const LONGEST_BODY = 65_536

export async function showPull(repository: GitHubRepository, pull: PullRequest): Promise<object> {
  const { number, title, headRef, headSha, baseRef } = pull
  const sha = await repository.git.resolve(`refs/heads/${baseRef}`)
  const owner = pull.fork ? 'contributor' : repository.owner
  return {
    number,
    title,
    state: 'open',
    head: { ref: headRef, sha: headSha, repo: { full_name: `${owner}/${repository.name}`, fork: pull.fork } },
    base: { ref: baseRef, sha, repo: { full_name: repository.fullName, default_branch: repository.defaultBranch } },
    labels: labelsOf(repository, number),
  }
}

function findPull(repository: GitHubRepository, number: string | undefined): PullRequest {
  const pull = repository.pulls.get(Number(number))
  if (!pull) throw notFound()
  return pull
}

async function listPulls(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, query } = request
  const head = query.get('head')?.split(':').at(-1)
  // Nothing closes a pull request here, so every one is open.
  const all = [...repository.pulls.values()].filter((pull) => head === undefined || pull.headRef === head).reverse()
  const page = readPage(query)
  const items = await Promise.all(slicePage(all, page).map((pull) => showPull(repository, pull)))
  return answerPage(request, `/repos/${repository.fullName}/pulls`, { items, total: all.length, page })
}

const newPull = v.object({ title: v.string(), head: v.string(), base: v.string() })

/** @see https://docs.github.com/rest/pulls/pulls#create-a-pull-request */
async function createPull({ repository, body }: EndpointRequest): Promise<EndpointAnswer> {
  const { title, head, base } = readBody(newPull, body)
  const headRef = head.split(':').at(-1) ?? head
  const [headSha, baseSha] = await Promise.all(
    [headRef, base].map((branch) => repository.git.resolve(`refs/heads/${branch}`, 'commit')),
  )
  if (headSha === undefined || baseSha === undefined) {
    const field = headSha === undefined ? 'head' : 'base'
    throw new GitHubError(422, 'Validation Failed', { errors: [{ resource: 'PullRequest', field, code: 'invalid' }] })
  }
  const pull = repository.openPull({ title, headRef, headSha, baseRef: base })
  return { status: 201, body: await showPull(repository, pull) }
}

async function getPull({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  return { status: 200, body: await showPull(repository, findPull(repository, parameters.number)) }
}

function showComment(comment: Comment, { repository, apiUrl }: EndpointRequest): object {
  return {
    id: comment.id,
    url: `${apiUrl}/repos/${repository.fullName}/issues/comments/${comment.id}`,
    html_url: `https://github.com/${repository.fullName}/pull/${comment.issue}#issuecomment-${comment.id}`,
    body: comment.body,
    user: { login: comment.author, type: comment.author.endsWith('[bot]') ? 'Bot' : 'User' },
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
  }
}

async function listComments(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, parameters, query } = request
  const { number } = findPull(repository, parameters.number)
  const page = readPage(query)
  const all = repository.commentsOf(number)
  const items = slicePage(all, page).map((comment) => showComment(comment, request))
  const path = `/repos/${repository.fullName}/issues/${number}/comments`
  return answerPage(request, path, { items, total: all.length, page })
}

const newComment = v.object({ body: v.string() })

function readComment(body: unknown): string {
  const text = readBody(newComment, body).body
  const fits = text.trim() !== '' && text.length <= LONGEST_BODY
  const message =
    text.trim() === '' ? "Body can't be blank" : `body is too long (maximum is ${LONGEST_BODY} characters)`
  if (!fits)
    throw new GitHubError(422, 'Validation Failed', {
      errors: [{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message }],
    })
  return text
}

async function createComment(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, parameters, body } = request
  const { number } = findPull(repository, parameters.number)
  const comment = repository.addComment(number, 'github-actions[bot]', readComment(body))
  return { status: 201, body: showComment(comment, request) }
}

async function updateComment(request: EndpointRequest): Promise<EndpointAnswer> {
  const comment = findComment(request)
  comment.body = readComment(request.body)
  comment.updatedAt = new Date().toISOString()
  return { status: 200, body: showComment(comment, request) }
}

async function deleteComment(request: EndpointRequest): Promise<EndpointAnswer> {
  const { comments } = request.repository
  comments.splice(comments.indexOf(findComment(request)), 1)
  return { status: 204, body: undefined }
}

function findComment({ repository, parameters }: EndpointRequest): Comment {
  const comment = repository.comments.find(({ id }) => id === Number(parameters.id))
  if (!comment) throw notFound()
  return comment
}

function labelsOf(repository: GitHubRepository, number: number): { name: string }[] {
  return [...(repository.labels.get(number) ?? [])].map((name) => ({ name }))
}

async function listLabels(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, parameters, query } = request
  const { number } = findPull(repository, parameters.number)
  const all = labelsOf(repository, number)
  const page = readPage(query)
  const path = `/repos/${repository.fullName}/issues/${number}/labels`
  return answerPage(request, path, { items: slicePage(all, page), total: all.length, page })
}

async function addLabels({ repository, parameters, body }: EndpointRequest): Promise<EndpointAnswer> {
  const { number } = findPull(repository, parameters.number)
  const { labels } = readBody(v.object({ labels: v.array(v.string()) }), body)
  repository.labels.set(number, new Set([...(repository.labels.get(number) ?? []), ...labels]))
  return { status: 200, body: labelsOf(repository, number) }
}

async function removeLabel({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  const { number } = findPull(repository, parameters.number)
  if (!repository.labels.get(number)?.delete(parameters.name ?? '')) throw new GitHubError(404, 'Label does not exist')
  return { status: 200, body: labelsOf(repository, number) }
}

async function getRun({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  const run = repository.runs.get(Number(parameters.id))
  if (!run) throw notFound()
  return {
    status: 200,
    body: {
      id: run.id,
      name: run.name,
      event: run.event,
      head_sha: run.headSha,
      head_branch: run.headBranch,
      status: run.conclusion === null ? 'in_progress' : 'completed',
      conclusion: run.conclusion,
      pull_requests: run.pullRequests.map((number) => ({ number })),
    },
  }
}
