import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeServicesCommand, ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallRole, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'

/** What is in the way of a job: each of these has to be survived on a service of its own. */
const LOST = ['DescribeServices', 'RegisterTaskDefinition', 'UpdateService', 'StopServiceDeployment'] as const
const SEEDS = [1, 2]
const MANY = Array.from({ length: 12 }, (_, index) => `many-${index}`)

const definitionOf = (family: string, revision: number): string =>
  `arn:aws:ecs:eu-central-1:123456789012:task-definition/${family}:${revision}`

let lab: Lab
let ecs: ECSClient
let temporary: string
let jobs = 0

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'robustness-'))
  const names = [
    ...LOST.map((name) => `lost-${name}`),
    ...SEEDS.map((seed) => `seed-${seed}`),
    ...MANY,
    'away',
    'unseen',
    'long-a',
    'long-b',
  ]
  lab = await startLab({ world: smallWorld(names), timeScale: 0.005, sessionLimitSeconds: 2 })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  ecs = new ECSClient()
})
afterEach(() => lab.faults.clear())
afterAll(async () => {
  vi.unstubAllEnvs()
  ecs.destroy()
  await lab.close()
  await rm(temporary, { recursive: true })
})

function startJob(services: string, more: Record<string, string> = {}) {
  jobs += 1
  const environment = {
    ...process.env,
    ...lab.environment,
    RUNNER_TEMP: temporary,
    GITHUB_RUN_ID: String(jobs),
    GITHUB_JOB: 'deploy',
  }
  const inputs = { cluster: 'small', services, interval: '50ms', timeout: '30s', ...more }
  let state: MemoryRun['state'] = {}
  return {
    arm: async () => {
      const run = await runInMemory(action, { inputs, environment })
      state = run.state
      return run
    },
    deploy: (input: Record<string, string>) => runInMemory(ecsDeploy, { inputs: { ...inputs, ...input }, environment }),
    post: () => runInMemory(action, { inputs, environment, phase: 'post', state }),
  }
}

async function readDefinition(service: string): Promise<string | undefined> {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster: 'small', services: [service] }))
  const { deployments = [] } = services[0] ?? {}
  expect(deployments.map(({ rolloutState }) => rolloutState)).toEqual(['COMPLETED'])
  return deployments[0]?.taskDefinition
}

describe('an answer that is lost after the request took effect', () => {
  it.each(LOST)('%s: nothing is done twice, and the service ends where it has to', async (operation) => {
    const service = `lost-${operation}`
    const job = startJob(service)
    await job.arm()
    lab.faults.add({ service: 'ecs', operation, kind: 'resetAfter', call: 1 })
    const inFlight = operation === 'StopServiceDeployment'
    const deployed = await job.deploy({ image: imageOf('v2'), ...(inFlight && { wait: 'false' }) })
    expect(deployed.annotations).toEqual([])
    const { taskDefinitionArns } = await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: service }))
    expect(taskDefinitionArns).toHaveLength(2)
    expect((await job.post()).outputs.outcome).toBe('rolled-back')
    expect(await readDefinition(service)).toBe(definitionOf(service, 1))
  })
})

describe('throttling, server errors and resets in any order', () => {
  it.each(SEEDS)('seed %i', async (seed) => {
    const service = `seed-${seed}`
    const job = startJob(service)
    for (const kind of ['throttle', 'serverError', 'resetBefore', 'resetAfter'] as const) {
      lab.faults.add({ service: 'ecs', kind, probability: 0.06 })
    }
    await job.arm()
    expect((await job.deploy({ image: imageOf('v2') })).outputs.outcome).toBe('deployed')
    expect((await job.post()).outputs.outcome).toBe('rolled-back')
    lab.faults.clear()
    expect(await readDefinition(service)).toBe(definitionOf(service, 1))
  })
})

it('waits for an API that is away when the post step begins', async () => {
  const job = startJob('away')
  await job.arm()
  await job.deploy({ image: imageOf('v2') })
  lab.faults.add({ service: 'ecs', kind: 'serverError' })
  const before = lab.journal.requests('ecs').length
  const running = job.post()
  await expect
    .poll(() => lab.journal.requests('ecs').length - before, { interval: 20, timeout: 10_000 })
    .toBeGreaterThan(3)
  lab.faults.clear()
  expect((await running).outputs.outcome).toBe('rolled-back')
})

it('sees that ECS has given up a deployment that no answer showed', async () => {
  // The first is of the plan; the next ones fail until ECS has gone back.
  for (let call = 2; call < 100; call += 1) {
    lab.faults.add({ service: 'ecs', operation: 'DescribeServices', kind: 'serverError', call })
  }
  const running = startJob('unseen').deploy({ image: imageOf('broken'), 'max-failed-tasks': '99' })
  const changes = (): readonly string[] =>
    lab.journal
      .entries()
      .flatMap((entry) => (entry.kind === 'change' && entry.resource.includes('/unseen ') ? [entry.to] : []))
  await expect.poll(changes, { interval: 10 }).toContain('FAILED')
  await expect.poll(() => changes().at(-1), { interval: 10 }).toBe('COMPLETED')
  lab.faults.clear()
  expect((await running).outputs.outcome).toBe('rolled-back')
})

it('rolls many services under AWS’s request rates, with no more than one DescribeServices for ten of them', async () => {
  const run = await startJob(MANY.join(',')).deploy({ image: imageOf('v2'), 'max-parallel': '12' })
  expect(run.annotations).toEqual([])
  expect(run.outputs.outcome).toBe('deployed')
  const described = lab.journal
    .requests('ecs', 'DescribeServices')
    .map((request) => (request.input as { services: string[] }).services)
  const ofMany = described.filter((services) => services.some((name) => name.startsWith('many-')))
  expect(Math.max(...ofMany.map((services) => services.length))).toBe(10)
  expect(JSON.parse(run.outputs.report ?? '[]')).toHaveLength(MANY.length)
})

it('renews the credentials of a role that run out while it waits', async () => {
  const job = startJob('long-a, long-b', { 'role-to-assume': smallRole })
  await job.arm()
  const run = await job.deploy({ image: imageOf('v2'), 'max-parallel': '1', interval: '1200ms' })
  expect(run.annotations).toEqual([])
  expect(lab.journal.requests('sts', 'AssumeRoleWithWebIdentity').length).toBeGreaterThan(2)
  expect((await job.post()).outputs.outcome).toBe('rolled-back')
})
