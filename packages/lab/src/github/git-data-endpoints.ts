import * as v from 'valibot'
import { GitError } from '../git-process.ts'
import { readBody } from './body.ts'
import type { Endpoint, EndpointAnswer, EndpointRequest } from './endpoint.ts'
import type { GitCommit, GitPerson } from './git-repository.ts'
import { GitHubError, notFound, unprocessable } from './github-error.ts'
import type { GitHubRepository } from './repository.ts'
import type { Requirement } from './tokens.ts'

const READ: Requirement = [{ scope: 'contents', level: 'read' }]
const WRITE: Requirement = [{ scope: 'contents', level: 'write' }]
const GIT = '/repos/{owner}/{repo}/git'

/** @see https://docs.github.com/rest/git */
export const gitDataEndpoints: readonly Endpoint[] = [
  { route: `GET ${GIT}/ref/{+ref}`, requires: READ, answer: getRef },
  { route: `GET ${GIT}/matching-refs/{+ref}`, requires: READ, answer: listMatchingRefs },
  { route: `POST ${GIT}/refs`, requires: WRITE, answer: createRef },
  { route: `PATCH ${GIT}/refs/{+ref}`, requires: WRITE, answer: updateRef },
  { route: `DELETE ${GIT}/refs/{+ref}`, requires: WRITE, answer: deleteRef },
  { route: `GET ${GIT}/blobs/{sha}`, requires: READ, answer: getBlob },
  { route: `POST ${GIT}/blobs`, requires: WRITE, answer: createBlob },
  { route: `GET ${GIT}/trees/{sha}`, requires: READ, answer: getTree },
  { route: `POST ${GIT}/trees`, requires: WRITE, answer: createTree },
  { route: `GET ${GIT}/commits/{sha}`, requires: READ, answer: getCommit },
  { route: `POST ${GIT}/commits`, requires: WRITE, answer: createCommit },
]

/** The git API of a repository without commits answers 409 to everything. */
async function refuseEmpty(repository: GitHubRepository): Promise<void> {
  if (await repository.git.isEmpty()) throw new GitHubError(409, 'Git Repository is empty.')
}

function showRef(repository: GitHubRepository, apiUrl: string, ref: string, sha: string, type: string): object {
  const base = `${apiUrl}/repos/${repository.fullName}/git`
  return { ref, node_id: sha, url: `${base}/${ref}`, object: { sha, type, url: `${base}/${type}s/${sha}` } }
}

async function getRef({ repository, parameters, apiUrl }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const ref = `refs/${parameters.ref ?? ''}`
  const [found] = await readRefs(repository, ref)
  if (!found || found.ref !== ref) throw notFound()
  return { status: 200, body: showRef(repository, apiUrl, found.ref, found.sha, found.type) }
}

async function listMatchingRefs({ repository, parameters, apiUrl }: EndpointRequest): Promise<EndpointAnswer> {
  const found = await readRefs(repository, `refs/${parameters.ref ?? ''}*`)
  return { status: 200, body: found.map(({ ref, sha, type }) => showRef(repository, apiUrl, ref, sha, type)) }
}

async function readRefs(
  { git }: GitHubRepository,
  pattern: string,
): Promise<{ ref: string; sha: string; type: string }[]> {
  const lines = await git.run(['for-each-ref', '--format=%(refname) %(objectname) %(objecttype)', pattern])
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [ref = '', sha = '', type = ''] = line.split(' ')
      return { ref, sha, type }
    })
}

const newRef = v.object({ ref: v.string(), sha: v.string() })

async function createRef({ repository, body, apiUrl }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const { ref, sha } = readBody(newRef, body)
  if (!/^refs\/[^/]+\/.+/.test(ref))
    throw unprocessable(`Reference name must start with 'refs/', and have at least two slashes.`)
  if ((await repository.git.resolve(sha, 'commit')) !== sha) throw unprocessable('Object does not exist')
  try {
    // The old value of a reference that must not exist yet is all zeros: only one of two creations at once succeeds.
    await repository.git.run(['update-ref', ref, sha, '0'.repeat(40)])
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    const exists = (await repository.git.resolve(ref)) !== undefined
    throw unprocessable(exists ? 'Reference already exists' : `Reference name '${ref}' is not valid`)
  }
  return { status: 201, body: showRef(repository, apiUrl, ref, sha, 'commit') }
}

const refUpdate = v.object({ sha: v.string(), force: v.optional(v.boolean(), false) })

async function updateRef({ repository, parameters, body, apiUrl }: EndpointRequest): Promise<EndpointAnswer> {
  const { sha, force } = readBody(refUpdate, body)
  const ref = `refs/${parameters.ref ?? ''}`
  const before = await repository.git.resolve(ref)
  if (before === undefined) throw unprocessable('Reference does not exist')
  if ((await repository.git.resolve(sha, 'commit')) !== sha) throw unprocessable('Object does not exist')
  const fastForward = await repository.git.isAncestor(before, sha)
  if (!force && !fastForward) throw unprocessable('Update is not a fast forward')
  try {
    await repository.git.run(['update-ref', ref, sha, before])
  } catch (error) {
    // Another update came in between.
    if (error instanceof GitError) throw unprocessable('Update is not a fast forward')
    throw error
  }
  return { status: 200, body: showRef(repository, apiUrl, ref, sha, 'commit') }
}

async function deleteRef({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  const ref = `refs/${parameters.ref ?? ''}`
  if ((await repository.git.resolve(ref)) === undefined) throw unprocessable('Reference does not exist')
  await repository.git.run(['update-ref', '-d', ref])
  return { status: 204, body: undefined }
}

async function getBlob({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const sha = await repository.git.resolve(parameters.sha ?? '', 'blob')
  if (sha === undefined) throw notFound()
  const content = await repository.git.readBlob(sha)
  // GitHub breaks base64 into lines of 60 characters.
  const lines = content.toString('base64').replaceAll(/(.{60})/g, '$1\n')
  return { status: 200, body: { sha, size: content.length, encoding: 'base64', content: lines } }
}

const newBlob = v.object({
  content: v.string(),
  encoding: v.optional(v.picklist(['utf-8', 'base64']), 'utf-8'),
})

async function createBlob({ repository, body, apiUrl }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const { content, encoding } = readBody(newBlob, body)
  const sha = await repository.git.writeBlob(Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'))
  return { status: 201, body: { sha, url: `${apiUrl}/repos/${repository.fullName}/git/blobs/${sha}` } }
}

async function getTree({ repository, parameters, query }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const sha = await repository.git.resolve(parameters.sha ?? '', 'tree')
  if (sha === undefined) throw notFound()
  const entries = await repository.git.listTree(sha, query.has('recursive'))
  // A tree has at most 100,000 entries in an answer.
  const tree = entries.slice(0, 100_000)
  return { status: 200, body: { sha, tree, truncated: tree.length < entries.length } }
}

const newTree = v.object({
  base_tree: v.optional(v.string()),
  tree: v.array(
    v.object({
      path: v.string(),
      mode: v.picklist(['100644', '100755', '040000', '160000', '120000']),
      type: v.optional(v.picklist(['blob', 'tree', 'commit'])),
      sha: v.optional(v.nullable(v.string())),
      content: v.optional(v.string()),
    }),
  ),
})

async function createTree({ repository, body }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const { git } = repository
  const given = readBody(newTree, body)
  const base = given.base_tree === undefined ? undefined : await git.resolve(given.base_tree, 'tree')
  if (given.base_tree !== undefined && base === undefined) throw unprocessable('base_tree is not a valid tree oid')
  const there = new Set(base === undefined ? [] : (await git.listTree(base, true)).map((entry) => entry.path))
  const changes = await Promise.all(
    given.tree.map(async ({ path, mode, sha, content }) => {
      if (path.startsWith('/') || path.split('/').includes('..'))
        throw unprocessable('tree.path contains a malformed path component')
      if (content !== undefined) return { path, mode, sha: await git.writeBlob(Buffer.from(content)) }
      if (sha === undefined) throw unprocessable('Must supply either tree.sha or tree.content')
      if (sha === null && !there.has(path)) throw unprocessable('GitRPC::BadObjectState')
      if (sha !== null && (await git.resolve(sha)) !== sha) throw unprocessable(`tree.sha ${sha} is not a valid blob`)
      return { path, mode, sha }
    }),
  )
  const sha = await git.writeTree(base, changes)
  return { status: 201, body: { sha, tree: await git.listTree(sha, false), truncated: false } }
}

function showCommit(commit: GitCommit): object {
  const { sha, message, author, committer } = commit
  return {
    sha,
    message,
    author,
    committer,
    tree: { sha: commit.tree },
    parents: commit.parents.map((parent) => ({ sha: parent })),
  }
}

async function getCommit({ repository, parameters }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const sha = await repository.git.resolve(parameters.sha ?? '', 'commit')
  if (sha === undefined) throw notFound()
  return { status: 200, body: showCommit(await repository.git.readCommit(sha)) }
}

const person = v.object({ name: v.string(), email: v.string(), date: v.optional(v.string()) })
const newCommit = v.object({
  message: v.string(),
  tree: v.string(),
  parents: v.optional(v.array(v.string()), []),
  author: v.optional(person),
  committer: v.optional(person),
})

async function createCommit({ repository, body, token }: EndpointRequest): Promise<EndpointAnswer> {
  await refuseEmpty(repository)
  const { git } = repository
  const given = readBody(newCommit, body)
  if ((await git.resolve(given.tree, 'tree')) !== given.tree) throw unprocessable('Tree SHA does not exist')
  for (const parent of given.parents)
    if ((await git.resolve(parent, 'commit')) !== parent)
      throw unprocessable('Parent SHA does not exist or is not a commit object')
  const bot = { name: 'github-actions[bot]', email: 'github-actions[bot]@users.noreply.github.com' }
  const author = dated(given.author ?? (token ? bot : { name: 'Lab', email: 'lab@example.invalid' }))
  const committer = given.committer ? dated(given.committer) : author
  const sha = await git.createCommit({
    message: given.message,
    tree: given.tree,
    parents: given.parents,
    author,
    committer,
  })
  return { status: 201, body: showCommit(await git.readCommit(sha)) }
}

function dated({ name, email, date }: { name: string; email: string; date?: string | undefined }): GitPerson {
  return { name, email, date: date ?? new Date().toISOString() }
}
