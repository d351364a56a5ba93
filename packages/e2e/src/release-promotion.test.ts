import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { runWorkflow } from '@deploy-kit/lab/rehearsal/run-workflow'
import type { WorkflowRun } from '@deploy-kit/lab/rehearsal/workflow-run'
import { loadWorld, type World } from '@deploy-kit/lab/world'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { repositoryWith } from './rehearsed-workflow.ts'

const example = fileURLToPath(new URL('../../../docs/examples/promotion/', import.meta.url))

let world: World
let lab: Lab

beforeAll(async () => {
  await ensureReleaseTree()
  world = await loadWorld(join(example, 'lab.yml'))
  lab = await startLab({ world, repository: 'org/finance-hub', timeScale: 0.004 })
}, 120_000)

afterAll(() => lab?.[Symbol.asyncDispose]())

/** The example's workflow, looking more often, so that the test is quick. */
async function promote(image: string, version: string): Promise<WorkflowRun> {
  const text = await readFile(join(example, '.github/workflows/promote.yml'), 'utf8')
  return runWorkflow({
    workflowFile: await repositoryWith(text.replaceAll('interval: 2s', 'interval: 100ms')),
    event: 'workflow_dispatch',
    inputs: { image, version },
    vars: lab.variables,
    environment: lab.environment,
    releaseTree: () => ensureReleaseTree(),
  })
}

function imageOf(version: string): string {
  const [image] = world.images
  return `${image?.repository}@${image?.tags.find(({ match }) => match === version)?.digest}`
}

/** The version that each environment serves. */
async function served(): Promise<readonly string[]> {
  const urls = ['DEV_URL', 'UAT_URL', 'PRODUCTION_URL'].map((name) => lab.variables[name])
  return Promise.all(
    urls.map(async (url) => ((await (await fetch(`${url}/ready`)).json()) as { version: string }).version),
  )
}

const conclusions = ({ jobs }: WorkflowRun) => jobs.map(({ name, conclusion }) => `${name}: ${conclusion}`)

test('one image goes by its digest through dev and uat to production', { timeout: 120_000 }, async () => {
  const run = await promote(imageOf('1.5.0'), '1.5.0')
  expect(run.conclusion).toBe('success')
  expect(conclusions(run)).toEqual(['dev', 'uat', 'production'].map((name) => `${name} / Deploy to ${name}: success`))
  expect(await served()).toEqual(['1.5.0', '1.5.0', '1.5.0'])
})

test('a tag instead of a digest is refused before anything is touched', async () => {
  const run = await promote(imageOf('1.5.0').replace(/@.*/, ':1.5.0'), '1.5.0')
  expect(conclusions(run)[0]).toBe('dev / Deploy to dev: failure')
  expect(run.jobs[0]?.annotations[0]?.message).toContain('A tag can be moved between two environments.')
})
