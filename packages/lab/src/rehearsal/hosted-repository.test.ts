import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createGitHub } from '../github/github.ts'
import { Journal } from '../journal.ts'
import { Callers } from '../server/callers.ts'
import { startServer } from '../server/server.ts'
import { printed, rehearse, steps } from './testing/rehearsed.ts'

const directory = await mkdtemp(join(tmpdir(), 'rehearsal-github-'))
const github = createGitHub({ directory })
const server = await startServer({
  services: [],
  routes: [github.route],
  callers: new Callers(),
  journal: new Journal(),
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const environment = { GITHUB_API_URL: `${server.url}/github/api`, GITHUB_REPOSITORY: 'org/app' }

/** Makes a branch over REST and prints the status. */
const makeBranch = `
- env: { TOKEN: "\${{ github.token }}" }
  shell: sh -c "node --input-type=module < {0}"
  run: |
    const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_SHA: sha, TOKEN } = process.env
    const body = JSON.stringify({ ref: 'refs/heads/made', sha })
    const headers = { authorization: 'Bearer ' + TOKEN }
    const answer = await fetch(GITHUB_API_URL + '/repos/' + GITHUB_REPOSITORY + '/git/refs', { method: 'POST', headers, body })
    console.log(answer.status)`

test.each([
  ['contents: write', '201'],
  ['contents: read', '403'],
  ['issues: write', '403'],
])('a token of a job with `%s` gets %s for a new branch', async (permissions, status) => {
  const run = await rehearse(steps(makeBranch, `permissions: { ${permissions} }`), {
    ...{ environment, github, isCommitted: true },
  })
  expect(printed(run)).toEqual([status])
})

test('what a step pushes is in the lab’s GitHub, and what is committed is all there was before', async () => {
  const push = 'git push --quiet origin HEAD:refs/heads/pushed && git ls-remote --heads origin | cut -f 2'
  const run = await rehearse(steps(`- uses: actions/checkout@v4\n- run: ${push}`), {
    ...{ environment, github, isCommitted: true },
  })
  expect(printed(run).slice(1)).toEqual(['refs/heads/main', 'refs/heads/pushed'])
  expect(await github.repository('org/app')?.git.resolve('refs/heads/pushed')).toBe(run.event.sha)
})

test('a pull request is open on GitHub, and its head and merge can be checked out', async () => {
  const workflow = steps(`
- uses: actions/checkout@v4
- run: git rev-parse --abbrev-ref HEAD
- { uses: actions/checkout@v4, with: { ref: "\${{ github.head_ref }}" } }
- run: git rev-parse --abbrev-ref HEAD; echo "\${{ github.event.number }}"`).replace('on: push', 'on: pull_request')
  const run = await rehearse(workflow, { environment, github, isCommitted: true })
  expect(printed(run).filter((line) => !line.startsWith('Stand-in'))).toEqual(['HEAD', 'rehearsal', '1'])
  expect(github.repository('org/app')?.pulls.get(1)).toMatchObject({ headSha: run.event.sha, baseRef: 'main' })
})
