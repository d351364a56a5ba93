import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createGitHub, GITHUB_PREFIX } from '@deploy-kit/lab/github/github'
import { startServer } from '@deploy-kit/lab/server/server'
import { describe, expect, test } from 'vitest'
import { runReleased, startReleased } from './released-run.ts'

const script = (length: number): string =>
  Array.from({ length }, (_, at) => `export const v${at} = ${at * 7919}\n`).join('')

/** A workspace with files, and a GitHub with one repository. */
async function startGate(files: Readonly<Record<string, string>>) {
  await using started = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'size-gate-e2e-'))
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const workspace = join(folder, 'work')
  const write = async (contents: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, content] of Object.entries(contents)) {
      await mkdir(dirname(join(workspace, name)), { recursive: true })
      await writeFile(join(workspace, name), content)
    }
  }
  await write(files)
  const github = createGitHub({ directory: join(folder, 'github') })
  const server = started.use(await startServer({ services: [], routes: [github.route] }))
  const repository = await github.createRepository('org/app')
  const sha = await repository.commit('main', { 'README.md': 'app' })
  const token = github.tokens.create('job', { contents: 'write', pull_requests: 'write' })
  const eventPath = join(folder, 'event.json')
  const running = started.move()
  return {
    repository,
    sha,
    token,
    journal: server.journal,
    write,
    async environment(name: string, ref: string, commit: string, event: object): Promise<Record<string, string>> {
      await writeFile(eventPath, JSON.stringify(event))
      return {
        GITHUB_WORKSPACE: workspace,
        GITHUB_EVENT_PATH: eventPath,
        GITHUB_EVENT_NAME: name,
        GITHUB_REF: ref,
        GITHUB_SHA: commit,
        GITHUB_REPOSITORY: 'org/app',
        GITHUB_API_URL: `${server.url}${GITHUB_PREFIX}`,
        GITHUB_WORKFLOW: 'ci',
        GITHUB_JOB: 'size',
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

describe('the released bundle-size-gate', () => {
  test('keeps a baseline on the default branch and compares a pull request with it, in one comment', async () => {
    await using gate = await startGate({ 'dist/app.3f2a9c1b.js': script(200) })
    const inputs = { files: 'app | dist/*.js', 'github-token': gate.token, 'max-increase-percent': '10' }
    const onMain = await gate.environment('push', 'refs/heads/main', gate.sha, {
      repository: { default_branch: 'main' },
    })
    const first = await runReleased('bundle-size-gate', inputs, { environment: onMain })
    expect(first.log).toContain('Baseline written to the branch deploy-kit-data.')
    expect(first.exitCode).toBe(0)

    const head = await gate.repository.commit('feature', { 'b.txt': 'b' }, { parents: [gate.sha] })
    const { number } = gate.repository.openPull({ headRef: 'feature', headSha: head })
    const pull = { number, base: { sha: gate.sha }, head: { sha: head }, labels: [] }
    const event = { repository: { default_branch: 'main' }, pull_request: pull }
    const onPull = await gate.environment('pull_request', `refs/pull/${number}/merge`, head, event)
    await gate.write({ 'dist/new.js': script(400) })
    const second = await runReleased('bundle-size-gate', inputs, { environment: onPull })
    const grown = gzipSync(script(400), { level: 9 }).length
    expect(second.exitCode).toBe(1)
    expect(second.log).toMatch(/::error title=deploy-kit bundle-size-gate::2 limits not held/)
    expect(second.outputs).toMatchObject({
      passed: 'false',
      total: String(gzipSync(script(200), { level: 9 }).length + grown),
      delta: String(grown),
      'baseline-found': 'true',
      'baseline-sha': gate.sha,
      'report-path': expect.stringMatching(/report\.json$/),
    })
    expect(second.summary).toContain('`dist/new.js`')
    expect(gate.repository.commentsOf(number).map(({ body }) => body)).toEqual([second.outputs['comment-body']])
    expect(second.log.replace(`::add-mask::${gate.token}\n`, '')).not.toContain(gate.token)
  })

  test('asks nobody when nothing needs it', async () => {
    await using gate = await startGate({ 'dist/a.js': script(10) })
    const environment = await gate.environment('push', 'refs/heads/main', gate.sha, {})
    const run = await runReleased('bundle-size-gate', { files: 'dist/*.js', budget: '1 kB' }, { environment })
    expect(run.exitCode).toBe(0)
    expect(run.log).toContain('github-token is empty')
    expect(gate.journal.requests()).toEqual([])
  })

  test('reads a YAML configuration and reports every problem of it in one message', async () => {
    await using gate = await startGate({
      'dist/a.js': script(10),
      'size.yml': 'files: dist/*.js\nbudget: much\ncompression: zip\n',
    })
    const environment = await gate.environment('push', 'refs/heads/main', gate.sha, {})
    const run = await runReleased('bundle-size-gate', { config: 'size.yml' }, { environment })
    expect(run.exitCode).toBe(1)
    expect(run.log.match(/^::error/gm)).toHaveLength(1)
    expect(run.log).toMatch(
      /2 inputs cannot be used:%0A- config: size\.yml: budget: .*%0A- config: size\.yml: compression: /,
    )
  })

  test('ends a build at once when the job is cancelled', async () => {
    await using gate = await startGate({ 'dist/a.js': script(10) })
    const environment = await gate.environment('push', 'refs/heads/main', gate.sha, {})
    const inputs = { files: 'dist/*.js', 'build-command': 'echo started; sleep 300' }
    const started = await startReleased('bundle-size-gate', inputs, { environment })
    await new Promise<void>((resolve) => {
      started.process.stdout?.on('data', (text: string) => text.includes('started\n') && resolve())
    })
    started.process.kill('SIGINT')
    const run = await started.ended
    expect(run.exitCode).toBe(1)
    expect(run.log).toContain('The step was cancelled')
  })
})
