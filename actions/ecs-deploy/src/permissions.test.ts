import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { actionsOf, readDocumentedPolicy, withoutAction } from '@deploy-kit/lab/testing/documented-policy'
import { imageOf, smallRole, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { action } from './action.ts'

/** The documented policy is for one service: here it is for each of these in turn. */
const policyFor = (service: string) =>
  readDocumentedPolicy('ecs-deploy', {
    'cluster/production': 'cluster/small',
    'production/': 'small/',
    'finance-hub-execution': 'execution',
    'finance-hub': service,
  })

let lab: Lab
let temporary: string
let images = 0

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'ecs-deploy-permissions-'))
  const tags = [{ key: 'team', value: 'a' }]
  const world = smallWorld([
    { name: 'rolling', definition: { tags } },
    { name: 'dying', breaker: false },
    { name: 'sick', balanced: true, breaker: false },
    { name: 'blue-green', balanced: true, deploymentConfiguration: { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0 } },
    { name: 'other' },
  ])
  lab = await startLab({ world, timeScale: 0.004, throttling: false })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
})
afterEach(() => lab.policies.remove(smallRole))
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
  await rm(temporary, { recursive: true })
})

function deploy(service: string, image: string): Promise<MemoryRun> {
  return runInMemory(action, {
    inputs: {
      cluster: 'small',
      services: service,
      image: imageOf(image),
      interval: '50ms',
      timeout: '20s',
      'role-to-assume': smallRole,
    },
    environment: { ...process.env, ...lab.environment, RUNNER_TEMP: temporary, GITHUB_WORKSPACE: temporary },
  })
}

function nextImage(): string {
  images += 1
  return `v-${images}`
}

/** What the policy is for, and the service and image that show it. */
const uses = {
  'a rolling update': { service: 'rolling', image: nextImage },
  'tasks that die': { service: 'dying', image: () => 'broken' },
  'targets that stay unhealthy': { service: 'sick', image: () => 'sick' },
  'a blue/green deployment': { service: 'blue-green', image: nextImage },
}
type Use = keyof typeof uses

/** One use with the documented policy, or with one action of it taken away. */
function play(use: Use, missing?: string): Promise<MemoryRun> {
  const { service, image } = uses[use]
  const policy = policyFor(service)
  lab.policies.put(smallRole, missing === undefined ? policy : withoutAction(policy, missing))
  return deploy(service, image())
}

describe('with the documented policy', () => {
  test.each(['a rolling update', 'a blue/green deployment'] as const)('%s works', async (use) => {
    expect(await play(use)).toMatchObject({ exitCode: 0, annotations: [], outputs: { outcome: 'deployed' } })
  })

  test.each([
    ['tasks that die', 'cannot find my configuration'],
    ['targets that stay unhealthy', /target .* is unhealthy|Task failed ELB health checks/],
  ] as const)('%s are explained, with nothing that could not be read', async (use, explained) => {
    const run = await play(use)
    expect(run.outputs.outcome).toBe('failed')
    expect(run.summary).toMatch(explained)
    expect(run.summary).not.toContain('could not be read')
  })

  test('another service cannot be touched', async () => {
    lab.policies.put(smallRole, policyFor('rolling'))
    expect((await deploy('other', 'v1')).annotations[0]?.message).toContain('the credentials lack ecs:DescribeServices')
  })
})

/** The use that shows what each action is for. */
const needed: Readonly<Record<string, Use>> = {
  'ecs:DescribeServices': 'a rolling update',
  'ecs:UpdateService': 'a rolling update',
  'ecs:DescribeTaskDefinition': 'a rolling update',
  'ecs:RegisterTaskDefinition': 'a rolling update',
  'ecs:TagResource': 'a rolling update',
  'iam:PassRole': 'a rolling update',
  'ecs:ListTasks': 'a rolling update',
  'ecs:DescribeTasks': 'tasks that die',
  'ecs:ListServiceDeployments': 'a blue/green deployment',
  'ecs:DescribeServiceDeployments': 'a blue/green deployment',
  'ecs:DescribeServiceRevisions': 'a blue/green deployment',
}

test.each(Object.entries(needed))('without %s %s fails, and the message names it', async (missing, use) => {
  const run = await play(use, missing)
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toContain(`the credentials lack ${missing}`)
})

/** A diagnosis without these is one, too; it says what it lacks. */
const diagnostic: Readonly<Record<string, Use>> = {
  'logs:GetLogEvents': 'tasks that die',
  'elasticloadbalancing:DescribeTargetHealth': 'targets that stay unhealthy',
}

test.each(Object.entries(diagnostic))('without %s the diagnosis of %s names it', async (missing, use) => {
  const run = await play(use, missing)
  expect(run.outputs.outcome).toBe('failed')
  expect(run.summary).toMatch(new RegExp(`could not be read.*${missing}`))
})

test('without ecs:ListTaskDefinitions a new revision is registered all the same', async () => {
  expect(await play('a rolling update', 'ecs:ListTaskDefinitions')).toMatchObject({ exitCode: 0, annotations: [] })
})

test('every action of the policy is looked at here', () => {
  const looked = [...Object.keys(needed), ...Object.keys(diagnostic), 'ecs:ListTaskDefinitions']
  expect(actionsOf(policyFor('rolling')).toSorted()).toEqual(looked.toSorted())
})
