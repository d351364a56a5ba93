import { ECSClient } from '@aws-sdk/client-ecs'
import { afterEach, expect, it } from 'vitest'
import type { ActionContext } from '../action.ts'
import { AwsCaller } from '../aws/aws-caller.ts'
import { Deadline } from '../deadline.ts'
import { hurriedClock } from '../testing/hurried-clock.ts'
import { startHttp, type TestServer } from '../testing/test-server.ts'
import type { RolloutOptions } from './rollout.ts'
import { followRollouts } from './rollouts.ts'

const before = { id: 'ecs-svc/1', status: 'PRIMARY', taskDefinition: 'web:1', rolloutState: 'COMPLETED' }
const after = { id: 'ecs-svc/2', status: 'PRIMARY', taskDefinition: 'web:2', rolloutState: 'COMPLETED' }
const STALE_ANSWERS = 6

let server: TestServer
let client: ECSClient

afterEach(async () => {
  client.destroy()
  await server[Symbol.asyncDispose]()
})

/** ECS whose DescribeServices answers of before the change for a while, and what it says of the service deployment. */
async function startEcs(status: string): Promise<RolloutOptions> {
  let described = 0
  const answers: Readonly<Record<string, () => unknown>> = {
    DescribeServices: () => {
      described += 1
      const deployments = [described > STALE_ANSWERS ? after : before]
      return { services: [{ serviceName: 'web', status: 'ACTIVE', deployments }] }
    },
    ListTasks: () => ({ taskArns: [] }),
    ListServiceDeployments: () => ({
      serviceDeployments: [{ serviceDeploymentArn: 'deployment/2', targetServiceRevisionArn: 'revision/2', status }],
    }),
    DescribeServiceRevisions: () => ({
      serviceRevisions: [{ serviceRevisionArn: 'revision/2', taskDefinition: 'web:2' }],
    }),
    DescribeServiceDeployments: () => ({ serviceDeployments: [{ serviceDeploymentArn: 'deployment/2', status }] }),
  }
  server = await startHttp((request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
    response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(answers[operation]?.()))
  })
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  client = new ECSClient({ endpoint: server.url, region: 'eu-central-1', credentials, maxAttempts: 1 })
  const clock = hurriedClock(100)
  const { signal } = new AbortController()
  const log = { info: () => undefined, debug: () => undefined } as never
  const deadline = new Deadline(600_000, clock)
  const caller = new AwsCaller({ deadline, signal, clock, log })
  const context = { clock, signal, log } as Partial<ActionContext> as ActionContext
  const ecs = { client, caller, config: { region: 'eu-central-1', maxAttempts: 1 as const } }
  return { ecs, cluster: 'c', context, deadline, everyMs: 1000, maxParallel: 1, stopAtFirstFailure: true }
}

const change = { service: 'web', taskDefinition: 'web:2', deploymentId: 'ecs-svc/2', before: ['ecs-svc/1'] }
const rollout = { service: 'web', start: () => Promise.resolve(change) }

it('takes old answers about a deployment that has succeeded for old, and not for a rollback', async () => {
  const { results } = await followRollouts([rollout], await startEcs('SUCCESSFUL'))
  expect(results[0]?.state.kind).toBe('steady')
})

it('sees that a deployment was given up although no answer ever showed it', async () => {
  const { results } = await followRollouts([rollout], await startEcs('ROLLBACK_SUCCESSFUL'))
  expect(results[0]?.state).toMatchObject({ kind: 'failed', reverting: 'web:1' })
})
