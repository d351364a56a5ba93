import { runWorkflow } from '@deploy-kit/lab/rehearsal/run-workflow'
import { actionsOf, readDocumentedPolicy, withoutAction } from '@deploy-kit/lab/testing/documented-policy'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { expect, test } from 'vitest'
import { startFinanceHub } from './finance-hub.ts'

const ROLE = 'arn:aws:iam::123456789012:role/finance-hub-deploy'
const pipeline = readDocumentedPolicy('pipeline')

/** What the pipeline does not do: Aurora and Multi-AZ clusters, copies to other regions. */
const beyond = /^rds:(\w*DBCluster|Copy)/

test('the policy of the pipeline is those of its four actions, without clusters and copies', () => {
  const parts = ['rds-snapshot', 'ecs-run-migration', 'ecs-deploy', 'auto-rollback'].map((name) =>
    readDocumentedPolicy(name),
  )
  const all = new Set(parts.flatMap(actionsOf).filter((action) => !beyond.test(action)))
  expect(actionsOf(pipeline).toSorted()).toEqual([...all].toSorted())
})

async function deploy(version: string, policy = pipeline) {
  await using hub = await startFinanceHub()
  hub.lab.policies.put(ROLE, policy)
  hub.lab.policies.putTrust(ROLE, readDocumentedPolicy('trust-policy'))
  const run = await runWorkflow({
    workflowFile: hub.workflow('deploy'),
    event: 'workflow_dispatch',
    inputs: { version },
    vars: hub.lab.variables,
    environment: hub.environment,
    github: hub.lab.github,
    releaseTree: () => ensureReleaseTree(),
  })
  const denied = hub.lab.journal
    .entries()
    .flatMap((entry) =>
      entry.kind === 'request' && JSON.stringify(entry.outcome).includes('AccessDenied') ? [entry.operation] : [],
    )
  return { run, denied }
}

/** Every step of the example does its work in it: all succeed but the health check, and the post step restores. */
test('a release that is not healthy is deployed and rolled back with it', { timeout: 60_000 }, async () => {
  const { run, denied } = await deploy('1.6.0')
  expect(denied).toEqual([])
  const steps = run.jobs.flatMap((job) => job.steps)
  expect(steps.filter(({ conclusion }) => conclusion === 'failure').map(({ name }) => name)).toEqual([
    'Health check',
    'Post Arm the rollback',
  ])
  expect(steps.find(({ name }) => name === 'Post Arm the rollback')?.summary).toMatch(/rolled back/i)
})

test('what is missing stops it where it is needed', { timeout: 60_000 }, async () => {
  const { run, denied } = await deploy('1.5.0', withoutAction(pipeline, 'rds:CreateDBSnapshot'))
  expect(run.conclusion).toBe('failure')
  expect(denied).toEqual(['CreateDBSnapshot'])
})
