import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { systemClock } from '@deploy-kit/core/clock'
import { GitHubError } from '@deploy-kit/lab/github/github-error'
import { describe, expect, test } from 'vitest'
import { type GitHubForTest, startGitHubForTest } from './testing/github.ts'
import { createWorkspace, type TestWorkspace } from './testing/workspace.ts'

const options = { files: 'app | dist/*.js', compression: 'none' }
const app = (length: number): Record<string, string> => ({ 'dist/app.js': 'x'.repeat(length) })

async function open(files: Readonly<Record<string, string>> = app(10_000)) {
  await using started = new AsyncDisposableStack()
  const github = started.use(await startGitHubForTest())
  const workspace = started.use(await createWorkspace(files))
  const running = started.move()
  return { github, workspace, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** A run on the default branch for a new commit of it. */
async function pushMain(github: GitHubForTest, workspace: TestWorkspace, inputs: Record<string, string> = {}) {
  const sha = await github.repository.commit('main', { 'a.txt': String(Math.random()) })
  const environment = {
    ...github.environment,
    GITHUB_EVENT_NAME: 'push',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_SHA: sha,
  }
  const event = { repository: { default_branch: 'main' } }
  const run = await workspace.run({ ...options, 'github-token': github.token, ...inputs }, environment, event)
  return { sha, run }
}

describe('a baseline on a branch', () => {
  test('is written by runs of the default branch and found through the merge base by a pull request', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { sha, run } = await pushMain(github, workspace, { budget: '1 kB' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs['baseline-found']).toBe('false')
    expect(run.annotations.map(({ message }) => message)).toEqual([
      'Nothing to compare with: there is no branch deploy-kit-data yet; the next run on the default branch makes it.',
      expect.stringContaining('over its budget'),
    ])
    await github.repository.commit('main', { 'b.txt': 'later' })
    const pull = await github.openPull(sha)
    await workspace.write(app(13_000))
    const compared = await pull.run(workspace, { ...options, 'max-increase-percent': '29.9%' })
    expect(compared.outputs).toMatchObject({
      'baseline-found': 'true',
      'baseline-sha': sha,
      delta: '3000',
      'delta-percent': '30',
    })
    expect(compared.exitCode).toBe(1)
    expect(compared.summary).toContain('the merge base')
  })

  test('lies on an orphan branch, one JSON file a commit, that git can read', async () => {
    await using both = await open()
    const { github, workspace } = both
    const first = await pushMain(github, workspace)
    const second = await pushMain(github, workspace)
    const { git } = github.repository
    const files = (await git.run(['ls-tree', '-r', '--name-only', 'deploy-kit-data'])).trim().split('\n')
    const names = files.map((file) => file.replace(/\d{8}T\d{6}Z/, '<time>'))
    expect(new Set(names)).toEqual(
      new Set(['README.md', `bundle-size/<time>-${first.sha}.json`, `bundle-size/<time>-${second.sha}.json`]),
    )
    expect(await git.mergeBase('main', 'deploy-kit-data')).toBeUndefined()
    expect(second.run.outputs).toMatchObject({
      'baseline-found': 'true',
      'baseline-sha': first.sha,
      delta: '0',
      'delta-percent': '0',
    })
  })

  test('of the nearest ancestor is used, and named, when the merge base was not measured', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const unmeasured = await github.repository.commit('main', { 'b.txt': 'not measured' })
    const pull = await github.openPull(unmeasured)
    const run = await pull.run(workspace, options)
    expect(run.outputs['baseline-sha']).toBe(sha)
    expect(run.summary).toContain(
      `${sha.slice(0, 10)}, the nearest ancestor that has a baseline (the merge base is ${unmeasured.slice(0, 10)})`,
    )
  })

  test('is the merge base with the default branch for a push to another branch, and the base for a merge queue', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const head = await github.repository.commit('feature', { 'b.txt': 'feature' }, { parents: [sha] })
    const inputs = { ...options, 'github-token': github.token }
    const on = (name: string, ref: string) => ({
      ...github.environment,
      GITHUB_EVENT_NAME: name,
      GITHUB_REF: ref,
      GITHUB_SHA: head,
    })
    const pushed = await workspace.run(inputs, on('push', 'refs/heads/feature'))
    expect(pushed.outputs['baseline-sha']).toBe(sha)
    const queue = on('merge_group', 'refs/heads/gh-readonly-queue/main/pr-1')
    const queued = await workspace.run(inputs, queue, { merge_group: { base_sha: sha } })
    expect(queued.outputs['baseline-sha']).toBe(sha)
  })

  test('keeps what two gates measured on one commit, also when they write at the same time', async () => {
    await using both = await open()
    const { github, workspace } = both
    await pushMain(github, workspace)
    const sha = await github.repository.commit('main', { 'a.txt': 'two gates' })
    const environment = {
      ...github.environment,
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: sha,
    }
    const event = { repository: { default_branch: 'main' } }
    const keys = ['one', 'two', 'three', 'four']
    const runs = await Promise.all(
      keys.map((key) =>
        workspace.run({ ...options, 'github-token': github.token, 'comment-key': key }, environment, event, {
          clock: systemClock,
        }),
      ),
    )
    for (const run of runs) expect(run.log).toContain('Baseline written to the branch deploy-kit-data.')
    const { git } = github.repository
    const path = (await git.run(['ls-tree', '-r', '--name-only', 'deploy-kit-data']))
      .split('\n')
      .find((name) => name.includes(sha))
    const record = JSON.parse(await git.run(['show', `deploy-kit-data:${path}`]))
    expect(record.gates.map((gate: { key: string }) => gate.key)).toEqual([...keys].sort())
  })

  test('is made once when two gates of the first commit make it at the same time', async () => {
    await using both = await open()
    const { github, workspace } = both
    const sha = await github.repository.commit('main', { 'a.txt': 'first' })
    const environment = {
      ...github.environment,
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: sha,
    }
    const event = { repository: { default_branch: 'main' } }
    const inputs = { ...options, 'github-token': github.token, 'on-missing-baseline': 'ignore' }
    await Promise.all(
      ['one', 'two'].map((key) =>
        workspace.run({ ...inputs, 'comment-key': key }, environment, event, { clock: systemClock }),
      ),
    )
    const { git } = github.repository
    const files = (await git.run(['ls-tree', '-r', '--name-only', 'deploy-kit-data'])).trim().split('\n')
    expect(files).toEqual(['README.md', expect.stringContaining(sha)])
    expect(JSON.parse(await git.run(['show', `deploy-kit-data:${files[1]}`])).gates).toHaveLength(2)
  })

  test.each([
    ['PATCH /repos/{owner}/{repo}/git/refs/{+ref}', 422, 'Repository rule violations found'],
    ['PATCH /repos/{owner}/{repo}/git/refs/{+ref}', 403, 'Resource not accessible by integration'],
    ['POST /repos/{owner}/{repo}/git/trees', 422, 'tree.path is malformed'],
    ['POST /repos/{owner}/{repo}/git/commits', 404, 'Not Found'],
    ['GET /repos/{owner}/{repo}/git/commits/{sha}', 409, 'Git Repository is empty.'],
  ])(
    'that a rule of the repository keeps from being written is a warning at once: %s %i',
    async (route, status, message) => {
      await using both = await open()
      const { github, workspace } = both
      await pushMain(github, workspace)
      github.github.failNext(route, new GitHubError(status, message))
      if (route.startsWith('GET')) github.github.failNext(route, new GitHubError(status, message))
      const { run } = await pushMain(github, workspace, { 'on-missing-baseline': 'ignore' })
      expect(run.exitCode).toBe(0)
      expect(run.annotations).toEqual([
        expect.objectContaining({ message: expect.stringMatching(/^The baseline could not be written: /) }),
      ])
      expect(github.journal.requests('github', route)).toHaveLength(
        route.startsWith('GET') ? 2 : 2 - Number(route.startsWith('PATCH')),
      )
    },
  )

  test.each([
    ['{"format":9}', /has format 9, which is newer/],
    ['not json', /is not JSON/],
    ['{"format":1,"gates":[]}', /was written by other gates/],
  ])(
    'that holds %s counts as missing for a pull request, and is replaced by the next run of its commit',
    async (content, reason) => {
      await using both = await open()
      const { github, workspace } = both
      const base = await github.repository.commit('main', { 'a.txt': 'measured' })
      await github.repository.commit(
        'deploy-kit-data',
        { [`bundle-size/20260101T000000Z-${base}.json`]: content },
        { parents: [] },
      )
      const pull = await github.openPull(base)
      const run = await pull.run(workspace, { ...options, comment: 'never' })
      expect(run.annotations[0]?.message).toMatch(reason)
      const environment = {
        ...github.environment,
        GITHUB_EVENT_NAME: 'push',
        GITHUB_REF: 'refs/heads/main',
        GITHUB_SHA: base,
      }
      await workspace.run({ ...options, 'github-token': github.token }, environment, {
        repository: { default_branch: 'main' },
      })
      expect((await pull.run(workspace, { ...options, comment: 'never' })).outputs['baseline-sha']).toBe(base)
    },
  )

  test('is pruned to the newest 300', async () => {
    await using both = await open()
    const { github, workspace } = both
    const old = Array.from({ length: 310 }, (_, at) => [
      `bundle-size/20200101T${String(at).padStart(6, '0')}Z-${String(at).padStart(40, '0')}.json`,
      '{}',
    ])
    await github.repository.commit('deploy-kit-data', Object.fromEntries(old), { parents: [] })
    await pushMain(github, workspace)
    const names = (await github.repository.git.run(['ls-tree', '-r', '--name-only', 'deploy-kit-data']))
      .trim()
      .split('\n')
    expect(names).toHaveLength(300)
    expect(names[0]).toContain(`Z-${'11'.padStart(40, '0')}.json`)
  })

  test('that cannot be written warns, names contents: write, and leaves the verdict alone', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { run } = await pushMain(github, workspace, {
      'github-token': github.readToken,
      'on-missing-baseline': 'ignore',
    })
    expect(run.exitCode).toBe(0)
    expect(run.annotations).toEqual([
      {
        level: 'warning',
        title: 'deploy-kit bundle-size-gate',
        message: expect.stringMatching(/could not be written.*contents: write/),
      },
    ])
  })

  test('is not asked for without a token: no request, and the reason is said', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { run } = await pushMain(github, workspace, { 'github-token': '' })
    expect(run.exitCode).toBe(0)
    expect(run.annotations[0]?.message).toMatch(/github-token is empty/)
    expect(github.journal.requests()).toEqual([])
  })

  test.each(['serverError', 'throttle', 'resetBefore', 'resetAfter'] as const)(
    'survives a fault at every request: %s',
    async (kind) => {
      await using both = await open()
      const { github, workspace } = both
      await pushMain(github, workspace)
      for (let call = 1; call <= 12; call += 3) github.faults.add({ service: 'github', kind, call })
      const { sha, run } = await pushMain(github, workspace)
      expect(run.exitCode).toBe(0)
      const names = await github.repository.git.run(['ls-tree', '-r', '--name-only', 'deploy-kit-data'])
      expect(names).toContain(sha)
    },
  )

  test.each([
    [401, /does not know the token/],
    [403, /may not do GET .*permissions: contents: read/],
    [404, /no branch deploy-kit-data/],
    [422, /422/],
    [500, /500/],
  ])('that GitHub refuses to give with %i counts as missing and says why', async (status, reason) => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const route = 'GET /repos/{owner}/{repo}/git/ref/{+ref}'
    for (let at = 0; at < (status >= 500 ? 200 : 1); at += 1)
      github.github.failNext(route, new GitHubError(status, 'No'))
    const run = await pull.run(workspace, { ...options, comment: 'never' })
    expect(run.exitCode).toBe(0)
    expect(run.outputs['baseline-found']).toBe('false')
    expect(run.annotations[0]?.message).toMatch(reason)
  })

  test('waits as long as a rate limit asks for, and not an hour', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const route = 'GET /repos/{owner}/{repo}/git/ref/{+ref}'
    github.github.failNext(route, new GitHubError(429, 'Slow down', { headers: { 'retry-after': '7' } }))
    expect((await pull.run(workspace, options)).outputs['baseline-found']).toBe('true')
    const reset = String(Math.floor(Date.now() / 1000) + 3000)
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
    github.github.failNext(route, new GitHubError(403, 'API rate limit exceeded', { headers }))
    const run = await pull.run(workspace, options)
    expect(run.annotations[0]?.message).toMatch(/rate limit/)
  })

  test('is not put on the default branch', async () => {
    await using both = await open()
    const { run } = await pushMain(both.github, both.workspace, { 'baseline-branch': 'main' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/^baseline-branch: 'main' is the default branch/)
    expect(both.github.journal.requests()).toEqual([])
  })

  test('leaves a checkout as it was: files, index, references and HEAD', async () => {
    await using both = await open()
    const { github, workspace } = both
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: workspace.path, encoding: 'utf8' })
    git('init', '--quiet')
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '--allow-empty', '-m', 'first')
    git('add', '--all')
    const state = async () => [
      git('status', '--porcelain=v2', '--branch', '--ignored'),
      git('for-each-ref'),
      await readFile(`${workspace.path}/.git/index`, 'base64'),
      await readFile(`${workspace.path}/.git/HEAD`, 'utf8'),
    ]
    const before = await state()
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    await pull.run(workspace, options)
    expect(await state()).toEqual(before)
  })
})

describe('the comment', () => {
  test('is one a key, found beyond the first page, and changed in place', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    for (let at = 0; at < 130; at += 1) github.repository.addComment(pull.number, 'somebody', `comment ${at}`)
    await pull.run(workspace, options)
    await workspace.write(app(20_000))
    const second = await pull.run(workspace, options)
    const third = await pull.run(workspace, { ...options, 'comment-key': 'another -- key' })
    const ours = github.repository.commentsOf(pull.number).filter(({ body }) => body.startsWith('<!-- deploy-kit'))
    expect(ours).toHaveLength(2)
    expect(ours[0]?.body).toBe(second.outputs['comment-body'])
    expect(ours[0]?.body).toContain('+10.0 kB')
    expect(ours[1]?.body).toBe(third.outputs['comment-body'])
  })

  test('is not written twice when the answer to the first request got lost', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    github.faults.add({ operation: 'POST /repos/{owner}/{repo}/issues/{number}/comments', kind: 'resetAfter', call: 1 })
    await pull.run(workspace, options)
    expect(github.repository.commentsOf(pull.number)).toHaveLength(1)
  })

  test.each([
    ['auto', 0],
    ['always', 1],
    ['never', 0],
  ])('a token that may only read leaves it to the summary, %s', async (mode, warnings) => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const run = await pull.run(workspace, { ...options, comment: mode, 'github-token': github.readToken })
    expect(run.exitCode).toBe(0)
    expect(run.annotations.filter(({ level }) => level === 'warning')).toHaveLength(warnings)
    expect(github.repository.commentsOf(pull.number)).toEqual([])
    expect(run.summary).toContain('unchanged')
  })

  test('a run of a branch has none, and only always says so', async () => {
    await using both = await open()
    const { run } = await pushMain(both.github, both.workspace, { comment: 'always', 'on-missing-baseline': 'ignore' })
    expect(run.annotations.map(({ message }) => message)).toEqual([
      'There is no comment: this run belongs to no pull request.',
    ])
  })
})

describe('the override label', () => {
  test('that the pull request has now lets violations pass with a warning; they stay listed', async () => {
    await using both = await open()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const inputs = { ...options, budget: '1 kB', 'override-label': 'Size: allowed' }
    expect((await pull.run(workspace, inputs)).exitCode).toBe(1)
    github.repository.labels.set(pull.number, new Set(['other', 'size: allowed']))
    const run = await pull.run(workspace, inputs)
    expect(run.exitCode).toBe(0)
    expect(run.outputs.passed).toBe('true')
    expect(JSON.parse(run.outputs.violations ?? '')).toHaveLength(1)
    expect(run.annotations).toEqual([
      expect.objectContaining({ level: 'warning', message: expect.stringContaining('allowed by the label') }),
    ])
  })
})
