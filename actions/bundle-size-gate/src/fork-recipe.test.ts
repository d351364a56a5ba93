import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { getOctokit } from '@actions/github'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { openGate } from './testing/github.ts'

/** The script of docs/bundle-size-gate.md as actions/github-script runs it, on the lab's GitHub. */
const page = await readFile(join(import.meta.dirname, '../../../docs/bundle-size-gate.md'), 'utf8')
const [, workflow = ''] = /```yaml\n(name: Size comment\n[\s\S]*?)```/.exec(page) ?? []
const { script } = parse(workflow).jobs.comment.steps.at(-1).with as { script: string }
type Script = (...given: readonly unknown[]) => Promise<void>
const AsyncFunction = (async () => undefined).constructor as new (...parts: readonly string[]) => Script
const post = new AsyncFunction('github', 'context', 'core', 'require', script)

test('the recipe for forks posts what the fork could not, once, and keeps it up to date', async () => {
  await using gate = await openGate()
  const { repository, readToken } = gate.github
  const base = await repository.git.resolve('refs/heads/main')
  const headSha = await repository.commit('feature', { 'b.txt': 'b' }, { parents: [base ?? ''] })
  const { number } = repository.openPull({ headRef: 'feature', headSha, fork: true })
  // Without the marker's account it is somebody who quotes it.
  repository.addComment(number, 'somebody', '<!-- deploy-kit/bundle-size-gate ci%20%2F%20size -->\nlook at this')
  const notices: string[] = []
  const finish = async (body: string, sha = headSha): Promise<void> => {
    await writeFile(join(gate.workspace.runnerTemp, 'size-comment.md'), body)
    const github = getOctokit(gate.github.token, { baseUrl: gate.github.environment.GITHUB_API_URL ?? '' })
    const head_repository = { owner: { login: 'contributor' } }
    const context = {
      repo: { owner: 'org', repo: 'app' },
      payload: { workflow_run: { head_sha: sha, head_branch: 'feature', head_repository } },
    }
    await post(github, context, { notice: (text: string) => notices.push(text) }, requireIn(gate.workspace.runnerTemp))
  }
  const measure = async (): Promise<string> => {
    const pull = { number, base: { sha: base }, head: { sha: headSha }, labels: [] }
    const environment = { ...gate.github.environment, GITHUB_EVENT_NAME: 'pull_request', GITHUB_SHA: headSha }
    const inputs = { files: 'dist/*.js', 'github-token': readToken }
    const event = { repository: { default_branch: 'main' }, pull_request: pull }
    const run = await gate.workspace.run(inputs, environment, event)
    expect(run.exitCode).toBe(0)
    expect(run.log.join('\n')).toMatch(/There is no comment on #1: .* The job summary has its text\./)
    return run.outputs['comment-body'] ?? ''
  }
  const ours = (): string[] =>
    repository
      .commentsOf(number)
      .filter(({ author }) => author === 'github-actions[bot]')
      .map(({ body }) => body)

  const first = await measure()
  await finish(first)
  expect(ours()).toEqual([first])
  await gate.workspace.write({ 'dist/more.js': 'more' })
  const second = await measure()
  await finish(second)
  expect(second).not.toBe(first)
  expect(ours()).toEqual([second])

  await finish(first, 'f'.repeat(40))
  expect(notices).toEqual(['contributor:feature has moved on, or its pull request is closed: no comment.'])
  await expect(finish('anything else')).rejects.toThrow('not what bundle-size-gate writes')
  expect(ours()).toEqual([second])
})

/** `require` as the script sees it, with files read in the job's folder. */
function requireIn(folder: string): (name: string) => unknown {
  const load = createRequire(import.meta.url)
  return (name) => {
    if (name !== 'node:fs/promises') return load(name)
    return { readFile: (path: string, encoding: 'utf8') => readFile(join(folder, path), encoding) }
  }
}
