import * as v from 'valibot'
import { readBody } from './body.ts'
import type { Endpoint, EndpointAnswer, EndpointRequest } from './endpoint.ts'
import type { GitCommit } from './git-repository.ts'
import { GitHubError, notFound, unprocessable } from './github-error.ts'
import { answerPage, readPage, slicePage } from './pagination.ts'
import { showPull } from './pull-endpoints.ts'
import type { GitHubRepository } from './repository.ts'
import type { Requirement } from './tokens.ts'

const READ: Requirement = [{ scope: 'contents', level: 'read' }]
const WRITE: Requirement = [{ scope: 'contents', level: 'write' }]
const REPOSITORY = '/repos/{owner}/{repo}'

/** @see https://docs.github.com/rest/commits and https://docs.github.com/rest/repos/contents */
export const historyEndpoints: readonly Endpoint[] = [
  { route: `GET ${REPOSITORY}`, requires: [], answer: getRepository },
  { route: `GET ${REPOSITORY}/branches`, requires: READ, answer: listBranches },
  { route: `GET ${REPOSITORY}/commits`, requires: READ, answer: listCommits },
  {
    route: `GET ${REPOSITORY}/commits/{sha}/pulls`,
    requires: [{ scope: 'pull_requests', level: 'read' }],
    answer: listPullsOf,
  },
  { route: `GET ${REPOSITORY}/commits/{+ref}`, requires: READ, answer: getCommit },
  { route: `GET ${REPOSITORY}/compare/{+basehead}`, requires: READ, answer: compareCommits },
  { route: `GET ${REPOSITORY}/contents/{+path}`, requires: READ, answer: getContent },
  { route: `PUT ${REPOSITORY}/contents/{+path}`, requires: WRITE, answer: putContent },
]

async function getRepository({ repository, apiUrl }: EndpointRequest): Promise<EndpointAnswer> {
  const { owner, name, fullName, defaultBranch } = repository
  return {
    status: 200,
    body: {
      name,
      full_name: fullName,
      private: true,
      owner: { login: owner },
      default_branch: defaultBranch,
      url: `${apiUrl}/repos/${fullName}`,
    },
  }
}

async function listBranches(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, query } = request
  const lines = await repository.git.run(['for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/heads'])
  const all = lines.split('\n').filter((line) => line !== '')
  const page = readPage(query)
  const items = slicePage(all, page).map((line) => {
    const [name = '', sha = ''] = line.split(' ')
    return { name, commit: { sha }, protected: false }
  })
  return answerPage(request, `/repos/${repository.fullName}/branches`, { items, total: all.length, page })
}

function showCommit(commit: GitCommit): object {
  const { sha, message, author, committer, tree, parents } = commit
  return {
    sha,
    commit: { message, author, committer, tree: { sha: tree } },
    parents: parents.map((parent) => ({ sha: parent })),
  }
}

async function resolveCommit(repository: GitHubRepository, name: string): Promise<string | undefined> {
  return (
    (await repository.git.resolve(`refs/heads/${name}`, 'commit')) ?? (await repository.git.resolve(name, 'commit'))
  )
}

async function listCommits(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, query } = request
  if (await repository.git.isEmpty()) throw new GitHubError(409, 'Git Repository is empty.')
  const start = await resolveCommit(repository, query.get('sha') ?? repository.defaultBranch)
  if (start === undefined) throw notFound()
  const page = readPage(query)
  const total = Number(await repository.git.run(['rev-list', '--count', start]))
  const range = [`--skip=${(page.number - 1) * page.perPage}`, `--max-count=${page.perPage}`, start]
  const items = (await repository.git.listCommits(range)).map(showCommit)
  return answerPage(request, `/repos/${repository.fullName}/commits`, { items, total, page })
}

async function getCommit({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  const ref = parameters.ref ?? ''
  const sha = await resolveCommit(repository, ref)
  if (sha === undefined) throw unprocessable(`No commit found for SHA: ${ref}`)
  return { status: 200, body: showCommit(await repository.git.readCommit(sha)) }
}

async function listPullsOf({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  const pulls = [...repository.pulls.values()].filter((pull) => pull.headSha === parameters.sha)
  return { status: 200, body: await Promise.all(pulls.map((pull) => showPull(repository, pull))) }
}

/** @see https://docs.github.com/rest/commits/commits#compare-two-commits */
async function compareCommits(request: EndpointRequest): Promise<EndpointAnswer> {
  const { repository, parameters, query } = request
  const { git } = repository
  const [base = '', head = ''] = (parameters.basehead ?? '').split('...')
  const [from, to] = [await resolveCommit(repository, base), await resolveCommit(repository, head)]
  if (from === undefined || to === undefined) throw notFound()
  const mergeBase = await git.mergeBase(from, to)
  if (mergeBase === undefined) throw new GitHubError(404, `No common ancestor between ${base} and ${head}.`)
  const count = async (range: string): Promise<number> => Number(await git.run(['rev-list', '--count', range]))
  const [ahead, behind] = [await count(`${from}..${to}`), await count(`${to}..${from}`)]
  const commits = await git.listCommits(['--reverse', `${from}..${to}`])
  const shown = query.has('page') || query.has('per_page') ? slicePage(commits, readPage(query)) : commits.slice(0, 250)
  const status = ahead === 0 ? (behind === 0 ? 'identical' : 'behind') : behind === 0 ? 'ahead' : 'diverged'
  return {
    status: 200,
    body: {
      status,
      ahead_by: ahead,
      behind_by: behind,
      total_commits: ahead,
      base_commit: showCommit(await git.readCommit(from)),
      merge_base_commit: showCommit(await git.readCommit(mergeBase)),
      commits: shown.map(showCommit),
    },
  }
}

/** Files up to 1 MB carry their content; larger ones have to be read as blobs. A folder is listed up to 1,000 entries. */
async function getContent({ repository, parameters, query }: EndpointRequest): Promise<EndpointAnswer> {
  const { git } = repository
  const path = (parameters.path ?? '').replace(/\/$/, '')
  const commit = await resolveCommit(repository, query.get('ref') ?? repository.defaultBranch)
  if (commit === undefined) throw new GitHubError(404, `No commit found for the ref ${query.get('ref')}`)
  const found = await git.findInCommit(commit, path)
  if (!found) throw notFound()
  if (found.type === 'tree') {
    const entries = (await git.listTree(found.sha, false)).slice(0, 1000)
    const body = entries.map((entry) => ({
      type: entry.type === 'tree' ? 'dir' : 'file',
      name: entry.path,
      path: path === '' ? entry.path : `${path}/${entry.path}`,
      sha: entry.sha,
      size: entry.size ?? 0,
    }))
    return { status: 200, body }
  }
  const { sha } = found
  const content = await git.readBlob(sha)
  const inside = content.length <= 1_000_000
  const shown = inside ? { encoding: 'base64', content: content.toString('base64') } : { encoding: 'none', content: '' }
  return {
    status: 200,
    body: { type: 'file', name: path.split('/').at(-1), path, sha, size: content.length, ...shown },
  }
}

const newContent = v.object({
  message: v.string(),
  content: v.string(),
  sha: v.optional(v.string()),
  branch: v.optional(v.string()),
})

async function putContent({ repository, parameters, body }: EndpointRequest): Promise<EndpointAnswer> {
  const given = readBody(newContent, body)
  const path = parameters.path ?? ''
  const branch = given.branch ?? repository.defaultBranch
  const tip = await repository.git.resolve(`refs/heads/${branch}`, 'commit')
  if (tip === undefined && !(await repository.git.isEmpty())) throw new GitHubError(404, `Branch ${branch} not found`)
  const before = tip === undefined ? undefined : (await repository.git.findInCommit(tip, path))?.sha
  if (before !== undefined && given.sha === undefined) throw unprocessable(`Invalid request.\n\n"sha" wasn't supplied.`)
  if (given.sha !== undefined && given.sha !== before) throw new GitHubError(409, `${path} does not match ${given.sha}`)
  const content = Buffer.from(given.content, 'base64').toString('utf8')
  const commit = await repository.commit(branch, { [path]: content }, { message: given.message })
  const sha = (await repository.git.findInCommit(commit, path))?.sha
  return { status: before === undefined ? 201 : 200, body: { content: { path, sha }, commit: { sha: commit } } }
}
