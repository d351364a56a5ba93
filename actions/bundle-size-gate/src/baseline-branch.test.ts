import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { systemClock } from '@deploy-kit/core/clock'
import { describe, expect, test } from 'vitest'
import { app, openGate, plainOptions, pushMain } from './testing/github.ts'

describe('a baseline on a branch', () => {
  test('is written by runs of the default branch and found through the merge base by a pull request', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha, run } = await pushMain(github, workspace, { budget: '1 kB' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs['baseline-found']).toBe('false')
    expect(run.annotations.map(({ message }) => message)).toEqual([
      'Nothing to compare with: there is no branch deploy-kit-data yet; this run makes it.',
      expect.stringContaining('over its budget'),
    ])
    await github.repository.commit('main', { 'b.txt': 'later' })
    const pull = await github.openPull(sha)
    await workspace.write(app(13_000))
    const compared = await pull.run(workspace, { ...plainOptions, 'max-increase-percent': '29.9%' })
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
    await using both = await openGate()
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
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const unmeasured = await github.repository.commit('main', { 'b.txt': 'not measured' })
    const pull = await github.openPull(unmeasured)
    const run = await pull.run(workspace, plainOptions)
    expect(run.outputs['baseline-sha']).toBe(sha)
    expect(run.summary).toContain(
      `${sha.slice(0, 10)}, the nearest ancestor that has a baseline (the merge base is ${unmeasured.slice(0, 10)})`,
    )
  })

  test('is the merge base with the default branch for a push to another branch, and the base for a merge queue', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const head = await github.repository.commit('feature', { 'b.txt': 'feature' }, { parents: [sha] })
    const inputs = { ...plainOptions, 'github-token': github.token }
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
    await using both = await openGate()
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
        workspace.run({ ...plainOptions, 'github-token': github.token, 'comment-key': key }, environment, event, {
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
    await using both = await openGate()
    const { github, workspace } = both
    const sha = await github.repository.commit('main', { 'a.txt': 'first' })
    const environment = {
      ...github.environment,
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: sha,
    }
    const event = { repository: { default_branch: 'main' } }
    const inputs = { ...plainOptions, 'github-token': github.token, 'on-missing-baseline': 'ignore' }
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

  test('is pruned to the newest 300', async () => {
    await using both = await openGate()
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

  test('is not asked for without a token: no request, and the reason is said', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { run } = await pushMain(github, workspace, { 'github-token': '' })
    expect(run.exitCode).toBe(0)
    expect(run.annotations[0]?.message).toMatch(/github-token is empty/)
    expect(github.journal.requests()).toEqual([])
  })

  test('is not put on the default branch', async () => {
    await using both = await openGate()
    const { run } = await pushMain(both.github, both.workspace, { 'baseline-branch': 'main' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/^baseline-branch: 'main' is the default branch/)
    expect(both.github.journal.requests()).toEqual([])
  })

  test('leaves a checkout as it was: files, index, references and HEAD', async () => {
    await using both = await openGate()
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
    await pull.run(workspace, plainOptions)
    expect(await state()).toEqual(before)
  })
})
