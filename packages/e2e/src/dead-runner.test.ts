import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs'
import { stepOf } from '@deploy-kit/lab/rehearsal/testing/rehearsed'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cleanUp, type Death, deployAndDie } from './dead-runner.ts'
import { type FinanceHub, startFinanceHub } from './finance-hub.ts'

/** What production runs at the beginning, a release that is good, and one that starts and is not healthy. */
const RUNNING = '1.4.0'
const RELEASES = ['1.5.0', '1.6.0']
const STEPS = [
  ...['Set up job', 'Check out', 'Build', 'Bundle size', 'AWS credentials', 'Arm the rollback'],
  ...['Snapshot the database', 'Migrate', 'Deploy', 'Health check', 'Post Arm the rollback'],
]
/** In the middle of a rollout; `npx --yes pnpm@12 soak` dies in every step. */
const DEATHS: readonly (Death & { readonly version: string })[] =
  process.env.SOAK === undefined
    ? [{ version: '1.6.0', step: 'Deploy', after: 'UpdateService' }]
    : RELEASES.flatMap((version) =>
        STEPS.flatMap((step) => [0, 200, 400, 700].map((after) => ({ version, step, after }))),
      )

let hub: FinanceHub
let ecs: ECSClient

beforeAll(async () => {
  await ensureReleaseTree()
  hub = await startFinanceHub()
  const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '' } = hub.environment
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = hub.environment
  ecs = new ECSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
}, 120_000)
afterAll(async () => {
  ecs?.destroy()
  await hub?.[Symbol.asyncDispose]()
})

async function lookAtService() {
  const service = { cluster: 'production', services: ['finance-hub'] }
  const { services = [] } = await ecs.send(new DescribeServicesCommand(service))
  const { deployments = [], runningCount, desiredCount } = services[0] ?? {}
  const answer = await fetch(`${hub.lab.serviceUrl('finance-hub')}/health`)
  const { version } = (await answer.json()) as { version: string }
  return { rollouts: deployments.map(({ rolloutState }) => rolloutState), runningCount, desiredCount, version }
}

test.each(DEATHS)(
  'a runner that dies in "$step" ($after) of $version leaves a healthy service',
  {
    timeout: 120_000,
  },
  async ({ version, ...death }) => {
    const died = await deployAndDie(hub, version, death)
    const cleaned = await cleanUp(hub, died)
    expect(cleaned.conclusion).toBe('success')
    if (process.env.SOAK === undefined) {
      const { outputs } = stepOf(cleaned, 'Put back what ran before', 'Clean up')
      expect(outputs).toMatchObject({ outcome: 'rolled-back', 'rolled-back': 'true' })
    }
    const wanted = died.conclusion === 'success' ? version : RUNNING
    await expect
      .poll(lookAtService, { interval: 20, timeout: 20_000 })
      .toEqual({ rollouts: ['COMPLETED'], runningCount: 2, desiredCount: 2, version: wanted })
  },
)
