import { ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs'
import { imageOf, smallRole } from '@deploy-kit/lab/testing/small-world'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { arnOf, type GuardedLab, startGuardedLab } from './testing/guarded-lab.ts'

/** What is in the way of a job: each of these has to be survived on a service of its own. */
const LOST = ['DescribeServices', 'RegisterTaskDefinition', 'UpdateService', 'StopServiceDeployment'] as const
const SEEDS = [1, 2]
const MANY = Array.from({ length: 12 }, (_, index) => `many-${index}`)

let guarded: GuardedLab

beforeAll(async () => {
  const names = [
    ...LOST.map((name) => `lost-${name}`),
    ...SEEDS.map((seed) => `seed-${seed}`),
    ...MANY,
    'away',
    'unseen',
    'long-a',
    'long-b',
  ]
  guarded = await startGuardedLab(names, { throttling: true, sessionLimitSeconds: 2 })
})
afterEach(() => guarded.lab.faults.clear())
afterAll(() => guarded[Symbol.asyncDispose]())

const startJob = (services: string, more: Readonly<Record<string, string>> = {}) =>
  guarded.startJob({ services, timeout: '30s', ...more })

describe('an answer that is lost after the request took effect', () => {
  it.each(LOST)('%s: nothing is done twice, and the service ends where it has to', async (operation) => {
    const service = `lost-${operation}`
    const job = startJob(service)
    await job.arm()
    guarded.lab.faults.add({ service: 'ecs', operation, kind: 'resetAfter', call: 1 })
    const inFlight = operation === 'StopServiceDeployment'
    const deployed = await job.deploy({ image: imageOf('v2'), ...(inFlight && { wait: 'false' }) })
    expect(deployed.annotations).toEqual([])
    const { taskDefinitionArns } = await guarded.ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: service }))
    expect(taskDefinitionArns).toHaveLength(2)
    expect((await job.post()).outputs.outcome).toBe('rolled-back')
    expect(await guarded.readSteady(service)).toBe(arnOf(`${service}:1`))
  })
})

describe('throttling, server errors and resets in any order', () => {
  it.each(SEEDS)('seed %i', async (seed) => {
    const service = `seed-${seed}`
    const job = startJob(service)
    for (const kind of ['throttle', 'serverError', 'resetBefore', 'resetAfter'] as const) {
      guarded.lab.faults.add({ service: 'ecs', kind, probability: 0.06 })
    }
    await job.arm()
    expect((await job.deploy({ image: imageOf('v2') })).outputs.outcome).toBe('deployed')
    expect((await job.post()).outputs.outcome).toBe('rolled-back')
    guarded.lab.faults.clear()
    expect(await guarded.readSteady(service)).toBe(arnOf(`${service}:1`))
  })
})

it('waits for an API that is away when the post step begins', async () => {
  const job = startJob('away')
  await job.arm()
  await job.deploy({ image: imageOf('v2') })
  guarded.lab.faults.add({ service: 'ecs', kind: 'serverError' })
  const { journal } = guarded.lab
  const before = journal.requests('ecs').length
  const running = job.post()
  await expect
    .poll(() => guarded.lab.journal.requests('ecs').length - before, { interval: 20, timeout: 10_000 })
    .toBeGreaterThan(3)
  guarded.lab.faults.clear()
  expect((await running).outputs.outcome).toBe('rolled-back')
})

it('sees that ECS has given up a deployment that no answer showed', async () => {
  // The first is of the plan; the next ones fail until ECS has gone back.
  for (let call = 2; call < 100; call += 1) {
    guarded.lab.faults.add({ service: 'ecs', operation: 'DescribeServices', kind: 'serverError', call })
  }
  const running = startJob('unseen').deploy({ image: imageOf('broken'), 'max-failed-tasks': '99' })
  const changes = (): readonly string[] =>
    guarded.lab.journal
      .entries()
      .flatMap((entry) => (entry.kind === 'change' && entry.resource.includes('/unseen ') ? [entry.to] : []))
  await expect.poll(changes, { interval: 10 }).toContain('FAILED')
  await expect.poll(() => changes().at(-1), { interval: 10 }).toBe('COMPLETED')
  guarded.lab.faults.clear()
  expect((await running).outputs.outcome).toBe('rolled-back')
})

it('rolls many services under AWS’s request rates, with no more than one DescribeServices for ten of them', async () => {
  const run = await startJob(MANY.join(',')).deploy({ image: imageOf('v2'), 'max-parallel': '12' })
  expect(run.annotations).toEqual([])
  expect(run.outputs.outcome).toBe('deployed')
  const described = guarded.lab.journal
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
  expect(guarded.lab.journal.requests('sts', 'AssumeRoleWithWebIdentity').length).toBeGreaterThan(2)
  expect((await job.post()).outputs.outcome).toBe('rolled-back')
})
