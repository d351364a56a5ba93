import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startServer } from '../server/server.ts'
import { createGitHub, GITHUB_PREFIX } from './github.ts'
import { GitHubError } from './github-error.ts'
import type { Permissions } from './tokens.ts'

async function startGitHub(options: { requestsPerHour?: number } = {}) {
  await using started = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'lab-github-'))
  started.defer(() => rm(directory, { recursive: true, force: true }))
  const github = createGitHub({ directory, ...options })
  const server = started.use(await startServer({ services: [], routes: [github.route] }))
  const repository = await github.createRepository('org/app')
  const everything: Permissions = { contents: 'write', issues: 'write', pull_requests: 'write' }
  const defaultToken = github.tokens.create('everything', everything)
  const running = started.move()
  return {
    github,
    server,
    repository,
    async request(route: string, body?: unknown, token: string | undefined = defaultToken) {
      const [method = '', path = ''] = route.split(' ')
      const response = await fetch(`${server.url}${GITHUB_PREFIX}/repos/org/app${path}`, {
        method,
        headers: token === '' ? {} : { authorization: `token ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        // biome-ignore lint/suspicious/noExplicitAny: answers are what the tests look into.
        body: (text === '' ? undefined : JSON.parse(text)) as any,
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

describe('the git data API', () => {
  test('makes blobs, trees, commits and references that git itself can read', async () => {
    await using github = await startGitHub()
    await github.repository.commit('main', { 'a.txt': 'one' })
    const blob = await github.request('POST /git/blobs', { content: 'b25l', encoding: 'base64' })
    const tree = await github.request('POST /git/trees', {
      tree: [
        { path: 'data/first.json', mode: '100644', type: 'blob', sha: blob.body.sha },
        { path: 'data/second.json', mode: '100644', type: 'blob', content: '{}' },
      ],
    })
    const commit = await github.request('POST /git/commits', { message: 'An orphan', tree: tree.body.sha, parents: [] })
    const created = await github.request('POST /git/refs', { ref: 'refs/heads/data', sha: commit.body.sha })
    expect([blob.status, tree.status, commit.status, created.status]).toEqual([201, 201, 201, 201])
    const { git } = github.repository
    expect(await git.run(['show', 'data:data/first.json'])).toBe('one')
    expect(await git.run(['log', '--format=%an|%s|%P', 'data'])).toBe('github-actions[bot]|An orphan|\n')
    const less = await github.request('POST /git/trees', {
      base_tree: tree.body.sha,
      tree: [{ path: 'data/first.json', mode: '100644', type: 'blob', sha: null }],
    })
    const listed = await github.request(`GET /git/trees/${less.body.sha}?recursive=1`)
    expect(listed.body.tree.map((entry: { path: string }) => entry.path)).toEqual(['data', 'data/second.json'])
  })

  // https://docs.github.com/rest/git/refs#update-a-reference: "force: … Leaving this out or setting it to false will
  // make sure you're not overwriting work."
  test('moves a reference forward only, unless it is forced', async () => {
    await using github = await startGitHub()
    const first = await github.repository.commit('main', { 'a.txt': 'one' })
    const left = await github.repository.commit('left', { 'a.txt': 'left' }, { parents: [first] })
    const right = await github.repository.commit('right', { 'a.txt': 'right' }, { parents: [first] })
    expect((await github.request('PATCH /git/refs/heads/main', { sha: left })).status).toBe(200)
    const refused = await github.request('PATCH /git/refs/heads/main', { sha: right })
    expect([refused.status, refused.body.message]).toEqual([422, 'Update is not a fast forward'])
    expect((await github.request('PATCH /git/refs/heads/main', { sha: right, force: true })).status).toBe(200)
  })

  test('refuses what is there already, what is not there, and a repository without commits', async () => {
    await using github = await startGitHub()
    const empty = await github.request('GET /git/ref/heads/main')
    expect([empty.status, empty.body.message]).toEqual([409, 'Git Repository is empty.'])
    const sha = await github.repository.commit('main', { 'a.txt': 'one' })
    const answers = await Promise.all([
      github.request('POST /git/refs', { ref: 'refs/heads/main', sha }),
      github.request('POST /git/refs', { ref: 'refs/heads/other', sha: 'f'.repeat(40) }),
      github.request('PATCH /git/refs/heads/none', { sha }),
      github.request('GET /git/ref/heads/none'),
      github.request('GET /git/blobs/ffff'),
      github.request('POST /git/trees', { tree: [{ path: '../a', mode: '100644', content: '' }] }),
      github.request('POST /git/commits', { tree: sha }),
    ])
    expect(answers.map(({ status, body }) => `${status} ${body.message.split('\n')[0]}`)).toEqual([
      '422 Reference already exists',
      '422 Object does not exist',
      '422 Reference does not exist',
      '404 Not Found',
      '404 Not Found',
      '422 tree.path contains a malformed path component',
      '422 Invalid request.',
    ])
  })
})

describe('history', () => {
  test('compares commits by their merge base and lists ancestors page by page', async () => {
    await using github = await startGitHub()
    const base = await github.repository.commit('main', { 'a.txt': '1' })
    const head = await github.repository.commit('feature', { 'b.txt': '1' }, { parents: [base] })
    const tip = await github.repository.commit('main', { 'a.txt': '2' })
    const compared = await github.request(`GET /compare/${tip}...${head}`)
    expect(compared.body).toMatchObject({ status: 'diverged', ahead_by: 1, behind_by: 1 })
    expect(compared.body.merge_base_commit.sha).toBe(base)
    const page = await github.request(`GET /commits?sha=${tip}&per_page=1`)
    expect(page.body.map((commit: { sha: string }) => commit.sha)).toEqual([tip])
    expect(page.headers.get('link')).toMatch(/[?&]page=2>; rel="next"/)
  })

  test('gives the content of files and lists folders', async () => {
    await using github = await startGitHub()
    await github.repository.commit('main', { 'data/a.json': '{"a":1}' })
    const file = await github.request('GET /contents/data/a.json?ref=main')
    expect(Buffer.from(file.body.content, 'base64').toString()).toBe('{"a":1}')
    const folder = await github.request('GET /contents/data')
    expect(folder.body).toEqual([expect.objectContaining({ type: 'file', path: 'data/a.json', size: 7 })])
    const stale = await github.request('PUT /contents/data/a.json', { message: 'x', content: '', sha: 'f'.repeat(40) })
    expect(stale.status).toBe(409)
  })
})

describe('comments and labels', () => {
  test('are paged with Link headers: 30 a page, at most 100', async () => {
    await using github = await startGitHub()
    const sha = await github.repository.commit('main', { 'a.txt': '1' })
    const { number } = github.repository.openPull({ headRef: 'feature', headSha: sha })
    for (let at = 0; at < 65; at += 1) github.repository.addComment(number, 'somebody', `comment ${at}`)
    const first = await github.request(`GET /issues/${number}/comments`)
    expect(first.body).toHaveLength(30)
    expect(first.headers.get('link')).toMatch(/page=2>; rel="next", .*page=3>; rel="last"/)
    const last = await github.request(`GET /issues/${number}/comments?page=3`)
    expect(last.body.at(-1).body).toBe('comment 64')
    expect(last.headers.get('link')).not.toContain('rel="next"')
    expect((await github.request(`GET /issues/${number}/comments?per_page=1000`)).body).toHaveLength(65)
  })

  test('are written, changed and refused above 65,536 characters', async () => {
    await using github = await startGitHub()
    const sha = await github.repository.commit('main', { 'a.txt': '1' })
    const { number } = github.repository.openPull({ headRef: 'feature', headSha: sha })
    const created = await github.request(`POST /issues/${number}/comments`, { body: 'first' })
    await github.request(`PATCH /issues/comments/${created.body.id}`, { body: 'second' })
    expect(github.repository.comments.map(({ body, author }) => [body, author])).toEqual([
      ['second', 'github-actions[bot]'],
    ])
    const long = await github.request(`POST /issues/${number}/comments`, { body: 'x'.repeat(65_537) })
    expect([long.status, long.body.errors[0].message]).toEqual([422, 'body is too long (maximum is 65536 characters)'])
    await github.request(`POST /issues/${number}/labels`, { labels: ['size: allowed'] })
    expect((await github.request(`GET /issues/${number}/labels`)).body).toEqual([{ name: 'size: allowed' }])
  })
})

test('issues are opened, found by state and label, and closed', async () => {
  await using github = await startGitHub()
  const sha = await github.repository.commit('main', { 'a.txt': '1' })
  github.repository.openPull({ headRef: 'feature', headSha: sha })
  const { body } = await github.request('POST /issues', { title: 'No backup', labels: ['backup'] })
  await github.request('POST /issues', { title: 'Something else' })
  const titles = async (query: string) =>
    (await github.request(`GET /issues?${query}`)).body.map(({ title }: { title: string }) => title)
  expect(await titles('')).toEqual(['Something else', 'No backup', 'A change'])
  expect(await titles('labels=backup')).toEqual(['No backup'])
  await github.request(`PATCH /issues/${body.number}`, { state: 'closed' })
  expect(await titles('labels=backup')).toEqual([])
  expect(await titles('state=closed')).toEqual(['No backup'])
  const reader = github.github.tokens.create('reader', { issues: 'read' })
  expect((await github.request('POST /issues', { title: 'x' }, reader)).status).toBe(403)
  expect((await github.request('PATCH /issues/99', { state: 'closed' })).status).toBe(404)
})

test('a pull request is opened from a branch and found again', async () => {
  await using github = await startGitHub()
  const base = await github.repository.commit('main', { 'a.txt': '1' })
  const head = await github.repository.commit('feature', { 'b.txt': '1' }, { parents: [base] })
  const opened = await github.request('POST /pulls', { title: 'A feature', head: 'feature', base: 'main' })
  expect(opened.body).toMatchObject({
    number: 1,
    head: { ref: 'feature', sha: head },
    base: { ref: 'main', sha: base },
  })
  expect((await github.request('GET /pulls?head=org:feature')).body).toHaveLength(1)
  expect((await github.request(`GET /commits/${head}/pulls`)).body).toHaveLength(1)
  expect((await github.request('GET /branches')).body.map((branch: { name: string }) => branch.name)).toEqual([
    'feature',
    'main',
  ])
  const wrong = await github.request('POST /pulls', { title: 'None', head: 'none', base: 'main' })
  expect([wrong.status, wrong.body.errors]).toEqual([
    422,
    [{ resource: 'PullRequest', field: 'head', code: 'invalid' }],
  ])
})

describe('who may do what', () => {
  // https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible
  test('a token without the permission is refused, and the header names what would be enough', async () => {
    await using github = await startGitHub()
    const sha = await github.repository.commit('main', { 'a.txt': '1' })
    const { number } = github.repository.openPull({ headRef: 'feature', headSha: sha })
    const reader = github.github.tokens.create('reader', { contents: 'read', pull_requests: 'read' })
    const blob = await github.request('POST /git/blobs', { content: 'x' }, reader)
    expect([blob.status, blob.body.message]).toEqual([403, 'Resource not accessible by integration'])
    expect(blob.headers.get('x-accepted-github-permissions')).toBe('contents=write')
    const comment = await github.request(`POST /issues/${number}/comments`, { body: 'x' }, reader)
    expect(comment.headers.get('x-accepted-github-permissions')).toBe('issues=write; pull_requests=write')
    expect((await github.request(`GET /git/ref/heads/main`, undefined, reader)).status).toBe(200)
  })

  test('an unknown token is 401, none at all does not see a private repository', async () => {
    await using github = await startGitHub()
    await github.repository.commit('main', { 'a.txt': '1' })
    expect((await github.request('GET /git/ref/heads/main', undefined, 'ghs_unknown')).status).toBe(401)
    expect((await github.request('GET /git/ref/heads/main', undefined, '')).status).toBe(404)
  })

  test('an hour has so many requests, and every answer says how many are left', async () => {
    await using github = await startGitHub({ requestsPerHour: 2 })
    await github.repository.commit('main', { 'a.txt': '1' })
    const answers = [await github.request('GET '), await github.request('GET '), await github.request('GET ')]
    expect(answers.map(({ status, headers }) => [status, headers.get('x-ratelimit-remaining')])).toEqual([
      [200, '1'],
      [200, '0'],
      [403, '0'],
    ])
  })
})

test('faults word themselves as GitHub does, and a planned failure hits one request', async () => {
  await using github = await startGitHub()
  await github.repository.commit('main', { 'a.txt': '1' })
  github.server.faults.add({ service: 'github', operation: 'GET /repos/{owner}/{repo}', kind: 'throttle', call: 1 })
  github.server.faults.add({ service: 'github', operation: 'GET /repos/{owner}/{repo}', kind: 'serverError', call: 2 })
  github.github.failNext('GET /repos/{owner}/{repo}', new GitHubError(409, 'Conflict'))
  const statuses = []
  for (let at = 0; at < 4; at += 1) {
    const { status, headers } = await github.request('GET ')
    statuses.push([status, headers.get('retry-after')])
  }
  expect(statuses).toEqual([
    [403, '1'],
    [502, null],
    [409, null],
    [200, null],
  ])
  expect(github.server.journal.requests('github').map(({ caller }) => caller)).toEqual(Array(4).fill('everything'))
})
