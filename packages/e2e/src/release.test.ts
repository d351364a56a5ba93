import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createSourceRepository, type SourceRepository } from '@deploy-kit/release/publishing/testing/source-repository'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { rehearse, repositoryWith } from './rehearsed-workflow.ts'

const builder = fileURLToPath(import.meta.resolve('@deploy-kit/release/released-action'))

/** Builds the real health-check in place of the small actions of the test repository, once for both clones. */
const build = (cache: string): string => `
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { buildAction } from ${JSON.stringify(pathToFileURL(builder).href)}
rmSync('release', { recursive: true, force: true })
for (const name of ['LICENSE', 'README.md']) cpSync(name, 'release/' + name)
const built = ${JSON.stringify(cache)} + '/' + process.env.DEPLOY_KIT_VERSION
if (!existsSync(built)) await buildAction('health-check', built)
cpSync(built, 'release/health-check', { recursive: true })
mkdirSync('.tmp/release', { recursive: true })
writeFileSync('.tmp/release/packages.json', JSON.stringify({ 'health-check': [] }))
`

/** The reusable workflow lies beside the sources, as deploy.yml does; its actions are those of v1. */
const reusable = `on:
  workflow_call:
    inputs:
      url: { type: string, required: true }
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: org/deploy-kit/health-check@v1
        with: { url: "\${{ inputs.url }}", success-threshold: 1 }
`

let sources: SourceRepository

beforeAll(async () => {
  sources = await createSourceRepository()
  await sources.change({
    'build.mjs': build(join(sources.root, '.tmp')),
    '.github/workflows/check.yml': reusable,
  })
  for (const name of ['one', 'two']) {
    await sources.change({ [`.changes/${name}.md`]: '---\ndeploy-kit: minor\n---\nSomething new.\n' })
    const { code, output } = await sources.release([])
    expect(code, output).toBe(0)
  }
}, 60_000)

afterAll(() => sources[Symbol.asyncDispose]())

/** Rehearses with the actions of the releases, in a world without anything: none of these workflows uses AWS. */
async function rehearseReleases(workflowFile: string): ReturnType<typeof rehearse> {
  const world = join(dirname(workflowFile), 'lab.yml')
  await writeFile(world, 'region: eu-central-1\naccountId: "123456789012"\n')
  return rehearse(workflowFile, '--actions-from', sources.bare, '--world', world)
}

/** A server that remembers who has asked: a released bundle knows its version. */
async function listen(): Promise<{ readonly url: string; readonly agents: (string | undefined)[] }> {
  const agents: (string | undefined)[] = []
  const server = createServer((request, response) => {
    agents.push(request.headers['user-agent'])
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, agents }
}

function workflow(url: string, ...refs: string[]): string {
  const step = (ref: string) => `
      - uses: org/deploy-kit/health-check@${ref}
        with: { url: "${url}", success-threshold: 1 }`
  return `on: push\njobs:\n  check:\n    runs-on: ubuntu-latest\n    steps:${refs.map(step).join('')}\n`
}

test('a workflow runs what it has pinned: v1 is the last release, v1.0 the last of its minor, a tag or a commit stays what it was', async () => {
  const { 'v1.0.0': first = '', 'v1.1.0': second, v1 } = await sources.tags()
  expect(v1).toBe(second)
  const { url, agents } = await listen()
  const { code, output } = await rehearseReleases(await repositoryWith(workflow(url, 'v1', first, 'v1.0', 'v1.0.0')))
  expect(code, output).toBe(0)
  expect(agents).toEqual(['1.1.0', '1.0.0', '1.0.0', '1.0.0'].map((version) => `deploy-kit-health-check/${version}`))
  expect(output).toContain(`org/deploy-kit/health-check@v1 is ${second}, as --actions-from says`)
})

test('the reusable workflow is called at the commit that a release was built from, and runs the actions of v1', async () => {
  const source = await sources.published('log', '-1', '--format=%(trailers:key=Source-Commit,valueonly)', 'v1.0.0')
  const { url, agents } = await listen()
  const call = (ref: string) =>
    `on: push\njobs:\n  call:\n    uses: org/deploy-kit/.github/workflows/check.yml@${ref}\n    with: { url: "${url}" }\n`
  const run = await rehearseReleases(await repositoryWith(call(source)))
  expect(run.code, run.output).toBe(0)
  expect(agents).toEqual(['deploy-kit-health-check/1.1.0'])
  const nowhere = await rehearseReleases(await repositoryWith(call('9'.repeat(40))))
  expect(nowhere.output).toContain(`test.yml:4:11: ${sources.bare} has no tag, branch or commit '${'9'.repeat(40)}'`)
})

test('a release that does not exist is refused with file and line before anything runs', async () => {
  const { 'v1.0.0': first = '' } = await sources.tags()
  const file = await repositoryWith(workflow('http://127.0.0.1:9', 'v2', first.slice(0, 12)))
  const { code, output } = await rehearseReleases(file)
  expect(code).toBe(1)
  expect(output).toContain('Refused, nothing was run:')
  expect(output).toMatch(
    /test\.yml:6:15: .* has no tag, branch or commit 'v2'; its tags are v1, v1\.0, v1\.0\.0, v1\.1, v1\.1\.0/,
  )
  expect(output).toContain(`GitHub takes commits by their full hash only; '${first.slice(0, 12)}' is a part of one`)
})
