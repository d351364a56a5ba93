import { GitHubError } from '@deploy-kit/lab/github/github-error'
import { describe, expect, test } from 'vitest'
import { openGate, plainOptions, pushMain } from './testing/github.ts'

describe('a baseline on a branch', () => {
  test.each([
    ['PATCH /repos/{owner}/{repo}/git/refs/{+ref}', 422, 'Repository rule violations found'],
    ['PATCH /repos/{owner}/{repo}/git/refs/{+ref}', 403, 'Resource not accessible by integration'],
    ['POST /repos/{owner}/{repo}/git/trees', 422, 'tree.path is malformed'],
    ['POST /repos/{owner}/{repo}/git/commits', 404, 'Not Found'],
    ['GET /repos/{owner}/{repo}/git/commits/{sha}', 409, 'Git Repository is empty.'],
  ])(
    'that a rule of the repository keeps from being written is a warning at once: %s %i',
    async (route, status, message) => {
      await using both = await openGate()
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
      await using both = await openGate()
      const { github, workspace } = both
      const base = await github.repository.commit('main', { 'a.txt': 'measured' })
      await github.repository.commit(
        'deploy-kit-data',
        { [`bundle-size/20260101T000000Z-${base}.json`]: content },
        { parents: [] },
      )
      const pull = await github.openPull(base)
      const run = await pull.run(workspace, { ...plainOptions, comment: 'never' })
      expect(run.annotations[0]?.message).toMatch(reason)
      const environment = {
        ...github.environment,
        GITHUB_EVENT_NAME: 'push',
        GITHUB_REF: 'refs/heads/main',
        GITHUB_SHA: base,
      }
      await workspace.run({ ...plainOptions, 'github-token': github.token }, environment, {
        repository: { default_branch: 'main' },
      })
      expect((await pull.run(workspace, { ...plainOptions, comment: 'never' })).outputs['baseline-sha']).toBe(base)
    },
  )

  test('that cannot be written warns, names contents: write, and leaves the verdict alone', async () => {
    await using both = await openGate()
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

  test.each(['serverError', 'throttle', 'resetBefore', 'resetAfter'] as const)(
    'survives a fault at every request: %s',
    async (kind) => {
      await using both = await openGate()
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
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const route = 'GET /repos/{owner}/{repo}/git/ref/{+ref}'
    for (let at = 0; at < (status >= 500 ? 200 : 1); at += 1)
      github.github.failNext(route, new GitHubError(status, 'No'))
    const run = await pull.run(workspace, { ...plainOptions, comment: 'never' })
    expect(run.exitCode).toBe(0)
    expect(run.outputs['baseline-found']).toBe('false')
    expect(run.annotations[0]?.message).toMatch(reason)
  })

  test('waits as long as a rate limit asks for, and not an hour', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const route = 'GET /repos/{owner}/{repo}/git/ref/{+ref}'
    github.github.failNext(route, new GitHubError(429, 'Slow down', { headers: { 'retry-after': '7' } }))
    expect((await pull.run(workspace, plainOptions)).outputs['baseline-found']).toBe('true')
    const reset = String(Math.floor(Date.now() / 1000) + 3000)
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
    github.github.failNext(route, new GitHubError(403, 'API rate limit exceeded', { headers }))
    const run = await pull.run(workspace, plainOptions)
    expect(run.annotations[0]?.message).toMatch(/rate limit: .*, and wants to be asked again in \d+m \d\ds\.$/)
  })

  test('of a GitHub that does not answer is waited for visibly, and the comment not as long again', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const routes = ['GET /repos/{owner}/{repo}/git/ref/{+ref}', 'GET /repos/{owner}/{repo}/issues/{number}/comments']
    for (const route of routes)
      for (let at = 0; at < 200; at += 1) github.github.failNext(route, new GitHubError(503, 'Down'))
    const run = await pull.run(workspace, plainOptions)
    expect(run.exitCode).toBe(0)
    const waits = run.log.filter((line) => /with 503 \(Down/.test(line))
    expect(waits.length).toBeGreaterThan(2)
    expect(waits[0]).toMatch(/next try in \S+ \(.+ elapsed, .+ remaining\)$/)
    expect(waits.some((line) => /^still: .*elapsed, .*remaining\)$/.test(line))).toBe(true)
    const asked = routes.map((route) => github.journal.requests('github', route).length)
    expect(asked[1]).toBeGreaterThan(0)
    expect(asked[1]).toBeLessThan(asked[0] ?? 0)
  })
})
