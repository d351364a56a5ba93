import { readFile } from 'node:fs/promises'
import { expectGone, processTree } from '@deploy-kit/lab/testing/process-tree'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { beforeAll, expect, test } from 'vitest'
import { repositoryWith, startRehearsal } from './rehearsed-workflow.ts'

const quick = `
on: push
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: org/deploy-kit/health-check@v1
        with:
          url: \${{ vars.SERVICE_URL }}/health
          interval: 100ms
`

const endless = `
on: push
jobs:
  wait:
    runs-on: ubuntu-latest
    steps:
      - run: echo begun
      - run: sleep 600
`

beforeAll(() => ensureReleaseTree(), 120_000)

test('a workflow of the user’s own is played, and its report needs nothing but itself', async () => {
  const { code, output } = await startRehearsal(await repositoryWith(quick)).ended
  expect(output).toContain('Run org/deploy-kit/health-check@v1')
  expect(code).toBe(0)
  const [, path = ''] = /^Report: (.*)$/m.exec(output) ?? []
  const page = await readFile(path, 'utf8')
  expect(page).toContain('is healthy')
  expect(page).not.toMatch(/<script|<link|src=|url\(/)
})

test('a workflow that fails is exit code 1', async () => {
  const { code, output } = await startRehearsal(
    await repositoryWith(quick.replace('/health\n', '/nowhere\n          failure-threshold: 1\n')),
  ).ended
  expect(output).toContain('404')
  expect(code).toBe(1)
})

test('killed half way, it leaves no process behind', async () => {
  const rehearsal = startRehearsal(await repositoryWith(endless))
  await rehearsal.printed(/✓ Run echo begun/)
  const pids = await processTree(rehearsal.pid)
  expect(pids.length).toBeGreaterThan(3)
  process.kill(rehearsal.pid, 'SIGKILL')
  await rehearsal.ended
  await expectGone(pids, 10_000)
})

test('Ctrl-C cancels the step and ends everything', async () => {
  const rehearsal = startRehearsal(await repositoryWith(endless))
  await rehearsal.printed(/✓ Run echo begun/)
  const pids = await processTree(rehearsal.pid)
  process.kill(-rehearsal.pid, 'SIGINT')
  const { code, output } = await rehearsal.ended
  expect(code).toBe(1)
  expect(output).toContain('The workflow ended: cancelled')
  await expectGone(pids, 10_000)
})
