import { readFile } from 'node:fs/promises'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { beforeAll, expect, test } from 'vitest'
import { rehearse, repositoryWith } from './rehearsed-workflow.ts'

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

beforeAll(() => ensureReleaseTree(), 120_000)

test('a workflow of the user’s own is played, and its report needs nothing but itself', async () => {
  const { code, output } = await rehearse(await repositoryWith(quick))
  expect(output).toContain('Run org/deploy-kit/health-check@v1')
  expect(code).toBe(0)
  const [, path = ''] = /^Report: (.*)$/m.exec(output) ?? []
  const page = await readFile(path, 'utf8')
  expect(page).toContain('is healthy')
  expect(page).not.toMatch(/<script|<link|src=|url\(/)
})

test('a workflow that fails is exit code 1', async () => {
  const { code, output } = await rehearse(
    await repositoryWith(quick.replace('/health\n', '/nowhere\n          failure-threshold: 1\n')),
  )
  expect(output).toContain('404')
  expect(code).toBe(1)
})
