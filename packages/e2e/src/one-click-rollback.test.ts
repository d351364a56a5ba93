import { runWorkflow } from '@deploy-kit/lab/rehearsal/run-workflow'
import { jobOf, stepOf } from '@deploy-kit/lab/rehearsal/testing/rehearsed'
import type { WorkflowRun } from '@deploy-kit/lab/rehearsal/workflow-run'
import { readDocumentedPolicy } from '@deploy-kit/lab/testing/documented-policy'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FinanceHub, startFinanceHub } from './finance-hub.ts'
import { runReleased } from './released-run.ts'

/** Plays docs/examples/finance-hub/.github/workflows/rollback.yml. */

const IMAGE = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/finance-hub'
const ROLES = 'arn:aws:iam::123456789012:role/finance-hub'
const SHA = '5e1f0c9a7b3d2e4f6a8b0c1d2e3f4a5b6c7d8e9f'

let hub: FinanceHub

beforeAll(async () => {
  await ensureReleaseTree()
  hub = await startFinanceHub()
  // The job that changes something has the environment that the documented policy trusts, the plan has none.
  hub.lab.policies.putTrust(`${ROLES}-deploy`, readDocumentedPolicy('trust-policy'))
  const ofBranch = readDocumentedPolicy('trust-policy', { 'environment:production': 'ref:refs/heads/main' })
  hub.lab.policies.putTrust(`${ROLES}-plan`, ofBranch)
}, 120_000)
afterAll(() => hub?.[Symbol.asyncDispose]())

function click(inputs: Readonly<Record<string, string>>): Promise<WorkflowRun> {
  return runWorkflow({
    workflowFile: hub.workflow('rollback'),
    event: 'workflow_dispatch',
    inputs,
    vars: hub.lab.variables,
    environment: hub.environment,
    github: hub.lab.github,
    releaseTree: () => ensureReleaseTree(),
  })
}

async function served(): Promise<string> {
  const answer = await fetch(`${hub.lab.serviceUrl('finance-hub')}/ready`)
  return ((await answer.json()) as { version: string }).version
}

test('one click goes back to the last good version, and to any other by its sha', { timeout: 120_000 }, async () => {
  const deployed = await runReleased(
    'ecs-deploy',
    { cluster: 'production', services: 'finance-hub', image: `${IMAGE}:${SHA}`, interval: '100ms' },
    { environment: hub.environment },
  )
  expect(deployed.exitCode, deployed.log).toBe(0)

  const planned = await click({ 'dry-run': 'true' })
  expect(planned.conclusion).toBe('success')
  expect(stepOf(planned, 'What would be done', 'Plan').summary).toContain(
    'restore `finance-hub:1` in place of `finance-hub:2`',
  )
  expect(jobOf(planned, 'Roll back').conclusion).toBe('skipped')
  expect(await served()).toBe(SHA)

  for (const [version, expected] of [
    ['previous', '1.4.0'],
    [SHA.slice(0, 8), SHA],
  ] as const) {
    const run = await click({ service: 'finance-hub', version })
    expect(run.conclusion).toBe('success')
    const { outputs, summary } = stepOf(run, 'Roll back', 'Roll back')
    expect(outputs).toMatchObject({ outcome: 'rolled-back', 'rolled-back': 'true' })
    expect(summary).toContain('/health is healthy')
    expect(await served()).toBe(expected)
  }
})
