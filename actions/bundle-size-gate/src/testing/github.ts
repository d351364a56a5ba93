import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MemoryRun } from '@deploy-kit/core/testing/memory-platform'
import { createGitHub, GITHUB_PREFIX, type GitHub } from '@deploy-kit/lab/github/github'
import type { GitHubRepository } from '@deploy-kit/lab/github/repository'
import type { Journal } from '@deploy-kit/lab/journal'
import type { Faults } from '@deploy-kit/lab/server/faults'
import { startServer } from '@deploy-kit/lab/server/server'
import { createWorkspace, type TestWorkspace } from './workspace.ts'

/** The lab's GitHub with one repository that has a commit on main. */
export interface GitHubForTest extends AsyncDisposable {
  readonly github: GitHub
  readonly repository: GitHubRepository
  readonly journal: Journal
  readonly faults: Faults
  /** May do everything. */
  readonly token: string
  /** As in a pull request from a fork. */
  readonly readToken: string
  readonly environment: Readonly<Record<string, string>>
  /** A pull request whose branch starts at `base`. */
  openPull(base: string): Promise<{
    readonly number: number
    run(workspace: TestWorkspace, inputs: Readonly<Record<string, string>>): Promise<MemoryRun>
  }>
}

export async function startGitHubForTest(): Promise<GitHubForTest> {
  await using started = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'size-gate-github-'))
  started.defer(() => rm(directory, { recursive: true, force: true }))
  const github = createGitHub({ directory })
  const server = started.use(await startServer({ services: [], routes: [github.route] }))
  const repository = await github.createRepository('org/app')
  await repository.commit('main', { 'README.md': 'app' })
  const token = github.tokens.create('writer', { contents: 'write', issues: 'write', pull_requests: 'write' })
  const readToken = github.tokens.create('reader', { contents: 'read', issues: 'read', pull_requests: 'read' })
  const environment = {
    GITHUB_API_URL: `${server.url}${GITHUB_PREFIX}`,
    GITHUB_REPOSITORY: 'org/app',
    GITHUB_RUN_ID: '77',
  }
  const running = started.move()
  return {
    github,
    repository,
    journal: server.journal,
    faults: server.faults,
    token,
    readToken,
    environment,
    async openPull(base) {
      const branch = `feature-${repository.pulls.size}`
      const head = await repository.commit(branch, { 'feature.txt': branch }, { parents: [base] })
      const { number } = repository.openPull({ headRef: branch, headSha: head })
      return {
        number,
        async run(workspace, inputs) {
          const baseSha = await repository.git.resolve('refs/heads/main')
          const pull = { number, base: { sha: baseSha }, head: { sha: head }, labels: [] }
          const event = { repository: { default_branch: 'main' }, pull_request: pull }
          const run = {
            GITHUB_EVENT_NAME: 'pull_request',
            GITHUB_REF: `refs/pull/${number}/merge`,
            GITHUB_SHA: 'e'.repeat(40),
          }
          return workspace.run({ 'github-token': token, ...inputs }, { ...environment, ...run }, event)
        },
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** One line without compression, so that tests can count. */
export const plainOptions = { files: 'app | dist/*.js', compression: 'none' }
/** `dist/app.js` of so many bytes. */
export const app = (length: number): Record<string, string> => ({ 'dist/app.js': 'x'.repeat(length) })

/** The lab's GitHub, and a workspace with files. */
export async function openGate(files: Readonly<Record<string, string>> = app(10_000)) {
  await using started = new AsyncDisposableStack()
  const github = started.use(await startGitHubForTest())
  const workspace = started.use(await createWorkspace(files))
  const running = started.move()
  return { github, workspace, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** A run on the default branch for a new commit of it. */
export async function pushMain(github: GitHubForTest, workspace: TestWorkspace, inputs: Record<string, string> = {}) {
  const sha = await github.repository.commit('main', { 'a.txt': String(Math.random()) })
  const environment = {
    ...github.environment,
    GITHUB_EVENT_NAME: 'push',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_SHA: sha,
  }
  const event = { repository: { default_branch: 'main' } }
  const run = await workspace.run({ ...plainOptions, 'github-token': github.token, ...inputs }, environment, event)
  return { sha, run }
}
