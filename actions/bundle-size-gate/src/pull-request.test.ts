import { rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { app, openGate, plainOptions, pushMain } from './testing/github.ts'

describe('the comment', () => {
  test('is one a key, found beyond the first page, and changed in place', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    for (let at = 0; at < 130; at += 1) github.repository.addComment(pull.number, 'somebody', `comment ${at}`)
    await pull.run(workspace, plainOptions)
    await workspace.write(app(20_000))
    const second = await pull.run(workspace, plainOptions)
    const third = await pull.run(workspace, { ...plainOptions, 'comment-key': 'another -- key' })
    const ours = github.repository.commentsOf(pull.number).filter(({ body }) => body.startsWith('<!-- deploy-kit'))
    expect(ours).toHaveLength(2)
    expect(ours[0]?.body).toBe(second.outputs['comment-body'])
    expect(ours[0]?.body).toContain('+10.0 kB')
    expect(ours[1]?.body).toBe(third.outputs['comment-body'])
  })

  test('is not written twice when the answer to the first request got lost', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    github.faults.add({ operation: 'POST /repos/{owner}/{repo}/issues/{number}/comments', kind: 'resetAfter', call: 1 })
    await pull.run(workspace, plainOptions)
    expect(github.repository.commentsOf(pull.number)).toHaveLength(1)
  })

  test.each([
    ['auto', 0],
    ['always', 1],
    ['never', 0],
  ])('a token that may only read leaves it to the summary, %s', async (mode, warnings) => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const run = await pull.run(workspace, { ...plainOptions, comment: mode, 'github-token': github.readToken })
    expect(run.exitCode).toBe(0)
    expect(run.annotations.filter(({ level }) => level === 'warning')).toHaveLength(warnings)
    expect(github.repository.commentsOf(pull.number)).toEqual([])
    expect(run.summary).toContain('unchanged')
  })

  test('a run of a branch has none, and only always says so', async () => {
    await using both = await openGate()
    const { run } = await pushMain(both.github, both.workspace, { comment: 'always', 'on-missing-baseline': 'ignore' })
    expect(run.annotations.map(({ message }) => message)).toEqual([
      'There is no comment: this run belongs to no pull request.',
    ])
  })
})

describe('the override label', () => {
  test('that the pull request has now lets violations pass with a warning; they stay listed', async () => {
    await using both = await openGate()
    const { github, workspace } = both
    const { sha } = await pushMain(github, workspace)
    const pull = await github.openPull(sha)
    const inputs = { ...plainOptions, budget: '1 kB', 'override-label': 'Size: allowed' }
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

test('a regular expression of the user names files from build to build', async () => {
  await using both = await openGate({ 'dist/app_v1_.js': 'x'.repeat(5000) })
  const { github, workspace } = both
  const inputs = { 'strip-hash': '_v\\d+_' }
  const { sha } = await pushMain(github, workspace, inputs)
  const pull = await github.openPull(sha)
  await rm(`${workspace.path}/dist/app_v1_.js`)
  await workspace.write({ 'dist/app_v2_.js': 'x'.repeat(6000) })
  const run = await pull.run(workspace, { ...plainOptions, ...inputs })
  expect(run.summary).toContain('| `dist/app.js` | 5.00 kB | 6.00 kB | +1.00 kB (+20.0 %) |')
})
