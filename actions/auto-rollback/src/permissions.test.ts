import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeregisterTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { actionsOf, readDocumentedPolicy, withoutAction } from '@deploy-kit/lab/testing/documented-policy'
import { imageOf, smallRole, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'

/** The documented policy is for one service: here it is for each of these in turn. */
const policyFor = (service: string) =>
  readDocumentedPolicy('auto-rollback', {
    'cluster/production': 'cluster/small',
    'production/': 'small/',
    'finance-hub-execution': 'execution',
    'finance-hub': service,
  })
const actions = actionsOf(policyFor('any'))

/** A service for each time that something is deployed and taken back. */
const services = Array.from({ length: 24 }, (_, index) => `service-${index}`)
let lab: Lab
let ecs: ECSClient
let temporary: string
let jobs = 0

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'auto-rollback-permissions-'))
  const tags = [{ key: 'team', value: 'a' }]
  const world = smallWorld(services.map((name) => ({ name, definition: { tags } })))
  lab = await startLab({ world, timeScale: 0.004, throttling: false })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  ecs = new ECSClient()
})
afterEach(() => lab.policies.remove(smallRole))
afterAll(async () => {
  vi.unstubAllEnvs()
  ecs.destroy()
  await lab.close()
  await rm(temporary, { recursive: true })
})

type Inputs = Readonly<Record<string, string>>

/** A job on a service that no other job has; its role has the policy, without `missing`. */
function startJob(missing?: string) {
  const service = services[jobs] ?? ''
  jobs += 1
  const policy = policyFor(service)
  lab.policies.put(smallRole, missing === undefined ? policy : withoutAction(policy, missing))
  const environment = {
    ...process.env,
    ...lab.environment,
    RUNNER_TEMP: temporary,
    GITHUB_RUN_ID: String(jobs),
    GITHUB_JOB: 'deploy',
  }
  const common = { cluster: 'small', services: service, interval: '50ms', timeout: '20s' }
  const inputs = { ...common, 'role-to-assume': smallRole }
  let state: MemoryRun['state'] = {}
  return {
    service,
    async arm(more: Inputs = {}) {
      const run = await runInMemory(action, { inputs: { ...inputs, ...more }, environment })
      state = run.state
      return run
    },
    /** With other credentials: what deploys has a policy of its own. */
    deploy: (image: string, more: Inputs = {}) =>
      runInMemory(ecsDeploy, { inputs: { ...common, image: imageOf(image), ...more }, environment }),
    post: () => runInMemory(action, { inputs, environment, phase: 'post', state }),
    rollBack: (more: Inputs) => runInMemory(action, { inputs: { ...inputs, mode: 'rollback', ...more }, environment }),
  }
}

/** What the policy is for; the last run of each is looked at. */
const uses = {
  'a deployment that has finished': async (missing?: string) => {
    const job = startJob(missing)
    const armed = await job.arm()
    if (armed.exitCode !== 0) return armed
    await job.deploy('v2')
    return job.post()
  },
  'a deployment in flight': async (missing?: string) => {
    const job = startJob(missing)
    await job.arm()
    await job.deploy('broken', { wait: 'false' })
    return job.post()
  },
  'a baseline that was deregistered': async (missing?: string) => {
    const job = startJob(missing)
    await job.arm()
    await job.deploy('v2')
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: `${job.service}:1` }))
    return job.post()
  },
  'to: previous': async (missing?: string) => {
    const job = startJob(missing)
    await job.deploy('v2')
    return job.rollBack({ to: 'previous' })
  },
  'to: an image tag': async (missing?: string) => {
    const job = startJob(missing)
    await job.deploy('v2')
    await job.deploy('v3')
    return job.rollBack({ to: 'v1' })
  },
  'persist: tag': async (missing?: string) => {
    const job = startJob(missing)
    const armed = await job.arm({ persist: 'tag' })
    if (armed.exitCode !== 0) return armed
    await job.deploy('v2')
    return job.rollBack({})
  },
  'a version whose tasks die': async (missing?: string) => {
    const job = startJob(missing)
    await job.deploy('broken', { wait: 'false' })
    await job.deploy('v3')
    return job.rollBack({ to: `${job.service}:2` })
  },
}
type Use = keyof typeof uses

test.each(Object.keys(uses) as Use[])('with the documented policy: %s', async (use) => {
  const run = await uses[use]()
  expect(run.outputs.outcome).toBe(use === 'a version whose tasks die' ? 'failed' : 'rolled-back')
  expect(run.annotations.map(({ message }) => message).join('\n')).not.toContain('the credentials lack')
  expect(run.log.some((line) => line.includes('the deployment in flight was stopped'))).toBe(
    use === 'a deployment in flight',
  )
})

/** The use that shows what each action is for. */
const needed: Readonly<Record<string, Use>> = {
  'ecs:DescribeServices': 'a deployment that has finished',
  'ecs:UpdateService': 'a deployment that has finished',
  'ecs:ListServiceDeployments': 'to: previous',
  'ecs:DescribeServiceRevisions': 'to: previous',
  'ecs:DescribeTaskDefinition': 'a baseline that was deregistered',
  'ecs:RegisterTaskDefinition': 'a baseline that was deregistered',
  'iam:PassRole': 'a baseline that was deregistered',
  'ecs:ListTaskDefinitions': 'to: an image tag',
  'ecs:TagResource': 'persist: tag',
  'ecs:ListTagsForResource': 'persist: tag',
}

test.each(Object.entries(needed))('without %s %s fails, and the message names it', async (missing, use) => {
  const run = await uses[use](missing)
  expect(run.exitCode).toBe(1)
  expect(run.annotations.at(-1)?.message).toContain(`the credentials lack ${missing}`)
})

/** Without these a deployment in flight is replaced instead of stopped. */
const replacing = ['ecs:DescribeServiceDeployments', 'ecs:StopServiceDeployment']

test.each(replacing)('without %s a deployment in flight is replaced', async (missing) => {
  const run = await uses['a deployment in flight'](missing)
  expect(run.outputs.outcome).toBe('rolled-back')
  expect(run.log.some((line) => line.includes('was requested'))).toBe(true)
})

/** Without these nobody says why the tasks of the restored version died. */
const explaining = ['ecs:ListTasks', 'ecs:DescribeTasks']
const cause = 'exited with code 1'

test('with the documented policy the tasks that died are explained', async () => {
  const run = await uses['a version whose tasks die']()
  expect(run.outputs.report).toContain(cause)
})

test.each(explaining)(
  'without %s the verdict on a version whose tasks die is the same, unexplained',
  async (missing) => {
    const run = await uses['a version whose tasks die'](missing)
    expect(run.outputs.outcome).toBe('failed')
    expect(run.outputs.report).not.toContain(cause)
  },
)

test('every action of the policy is looked at here', () => {
  expect(actions.toSorted()).toEqual([...Object.keys(needed), ...replacing, ...explaining].toSorted())
})
