import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ContinueServiceDeploymentCommand, ECSClient, type ServiceDeployment } from '@aws-sdk/client-ecs'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, type SmallService, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'

/** Long enough for a look in between; with `LONG` it does not end before it is ended. */
const BAKE = 6
const LONG = 1440
const blueGreen = (minutes: number) => ({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: minutes })
const linear = (minutes: number) => ({
  strategy: 'LINEAR',
  linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: minutes },
})
const canary = (minutes: number) => ({
  strategy: 'CANARY',
  canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: minutes },
})
const pauseAt = (stage: string) => ({
  ...blueGreen(0),
  lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: [stage] }],
})
const arnOf = (definition: string): string => `arn:aws:ecs:eu-central-1:123456789012:task-definition/${definition}`

const SERVICES: readonly SmallService[] = [
  ...Object.entries({
    finished: blueGreen(BAKE),
    flying: blueGreen(LONG),
    bad: blueGreen(0),
    overtaken: blueGreen(LONG),
    stepping: linear(1),
    'stepping-back': linear(LONG),
    canary: canary(1),
    'canary-back': canary(LONG),
    continued: pauseAt('POST_PRODUCTION_TRAFFIC_SHIFT'),
    refused: pauseAt('POST_TEST_TRAFFIC_SHIFT'),
    waiting: pauseAt('PRE_SCALE_UP'),
  }).map(([name, deploymentConfiguration]) => ({ name, balanced: true, deploymentConfiguration })),
  {
    name: 'daemon',
    definition: { networkMode: 'bridge', requiresCompatibilities: ['EC2'] },
    settings: {
      schedulingStrategy: 'DAEMON',
      launchType: 'EC2',
      desiredCount: undefined,
      networkConfiguration: undefined,
    },
  },
  {
    name: 'by-codedeploy',
    balanced: true,
    settings: { deploymentController: { type: 'CODE_DEPLOY' }, deploymentConfiguration: undefined },
  },
  {
    name: 'by-others',
    settings: {
      deploymentController: { type: 'EXTERNAL' },
      taskDefinition: undefined,
      launchType: undefined,
      networkConfiguration: undefined,
      deploymentConfiguration: undefined,
    },
  },
]

let lab: Lab
let ecs: ECSClient
let temporary: string

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'native-'))
  lab = await startLab({ world: smallWorld(SERVICES), timeScale: 0.004, throttling: false })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  ecs = new ECSClient()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  ecs.destroy()
  await lab.close()
  await rm(temporary, { recursive: true })
})

function startJob(services: string) {
  const environment = {
    ...process.env,
    ...lab.environment,
    RUNNER_TEMP: temporary,
    GITHUB_RUN_ID: services,
    GITHUB_JOB: 'deploy',
  }
  const inputs = { cluster: 'small', services, interval: '50ms', timeout: '20s' }
  let state: MemoryRun['state'] = {}
  return {
    async arm() {
      const run = await runInMemory(action, { inputs, environment })
      state = run.state
      return run
    },
    deploy: (more: Record<string, string>) => runInMemory(ecsDeploy, { inputs: { ...inputs, ...more }, environment }),
    post: () => runInMemory(action, { inputs, environment, phase: 'post', state }),
    step: (more: Record<string, string>) => runInMemory(action, { inputs: { ...inputs, ...more }, environment }),
  }
}

/** The changes of every service deployment of a service, as `resource becomes`. */
const changes = (service: string) =>
  lab.journal
    .entries()
    .flatMap((entry) =>
      entry.kind === 'change' && entry.resource.includes(`:service-deployment/small/${service}/`) ? [entry] : [],
    )

/** When each service deployment of a service became what it is. */
const changesOf = (service: string): readonly string[] =>
  changes(service).flatMap(({ resource, to }) => (resource.endsWith(' stage') ? [] : [to]))

/** The shares of the traffic that old and new had, one after the other. */
const sharesOf = (service: string): readonly string[] => {
  const from = lab.journal
    .entries()
    .findIndex((entry) => entry.kind === 'request' && JSON.stringify(entry.input).includes(`"service":"${service}"`))
  return lab.journal
    .entries()
    .slice(from)
    .flatMap((entry) =>
      entry.kind === 'change' && entry.resource.includes(`listener-rule/app/${service}/`) ? [entry.to] : [],
    )
}

/** Once the step itself has seen that it waits for somebody, somebody decides. */
async function decide(service: string, decision: 'CONTINUE' | 'ROLLBACK'): Promise<void> {
  const paused = (): ServiceDeployment => {
    const answers = lab.journal
      .requests('ecs', 'DescribeServiceDeployments')
      .flatMap(({ outcome }) =>
        outcome.kind === 'answered'
          ? (outcome.output as { serviceDeployments: ServiceDeployment[] }).serviceDeployments
          : [],
      )
    const found = answers.find(
      ({ serviceDeploymentArn = '', lifecycleHookDetails: hooks }) =>
        serviceDeploymentArn.includes(`/small/${service}/`) && hooks?.[0]?.status === 'AWAITING_ACTION',
    )
    expect(found).toBeDefined()
    return found as ServiceDeployment
  }
  const { serviceDeploymentArn, lifecycleHookDetails } = await vi.waitFor(paused, { interval: 10, timeout: 20_000 })
  const hookId = lifecycleHookDetails?.[0]?.hookId
  await ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn, hookId, action: decision }))
}

describe.concurrent('a blue/green service', () => {
  it('is not taken for finished before its bake time is over, and is rolled back by an update', async () => {
    const job = startJob('finished')
    await job.arm()
    const run = await job.deploy({ image: imageOf('v2') })
    expect(run.annotations).toEqual([])
    expect(run.outputs).toMatchObject({ outcome: 'deployed', 'task-definition-arn': arnOf('finished:2') })
    expect(changesOf('finished').at(-1)).toBe('SUCCESSFUL')
    expect(run.log.join('\n')).toContain('BAKE_TIME')
    expect((await job.deploy({ image: imageOf('v2') })).outputs.outcome).toBe('unchanged')
    const post = await job.post()
    expect(post.outputs).toMatchObject({ outcome: 'rolled-back', from: arnOf('finished:2'), to: arnOf('finished:1') })
    expect(changesOf('finished').at(-1)).toBe('SUCCESSFUL')
  })

  it('is stopped with rollback while its deployment is in flight', async () => {
    const job = startJob('flying')
    await job.arm()
    await job.deploy({ image: imageOf('v2'), wait: 'false' })
    const post = await job.post()
    expect(post.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('flying:1') })
    expect(changesOf('flying').at(-1)).toBe('ROLLBACK_SUCCESSFUL')
  })

  it('is remembered by what was steady when the guard finds a deployment in flight', async () => {
    const job = startJob('overtaken')
    await job.deploy({ image: imageOf('v2'), wait: 'false' })
    const armed = await job.arm()
    expect(armed.annotations).toEqual([])
    expect(JSON.parse(armed.outputs.baseline ?? '')).toMatchObject({
      services: [{ taskDefinition: arnOf('overtaken:1'), steady: true }],
    })
  })

  it('is reverted by ECS when the new tasks do not start', async () => {
    const job = startJob('bad')
    await job.arm()
    const run = await job.deploy({ image: imageOf('broken') })
    expect(run.outputs.outcome).toBe('rolled-back')
    expect((await job.post()).outputs.outcome).toBe('already-rolled-back')
    expect(changesOf('bad').at(-1)).toBe('ROLLBACK_SUCCESSFUL')
  })
})

describe.concurrent('a service whose traffic is shifted', () => {
  it.each([
    ['by steps', 'stepping', ['50:50', '0:100']],
    ['to a canary first', 'canary', ['90:10', '0:100']],
  ])('%s is not taken for finished before the last task of the old revision is gone', async (_, service, shares) => {
    const run = await startJob(service).deploy({ image: imageOf('v2') })
    expect(run.annotations).toEqual([])
    expect(run.outputs).toMatchObject({ outcome: 'deployed', 'task-definition-arn': arnOf(`${service}:2`) })
    expect(changesOf(service).at(-1)).toBe('SUCCESSFUL')
    expect(sharesOf(service)).toEqual(shares)
  })

  it.each([
    ['by steps', 'stepping-back', '50:50'],
    ['to a canary first', 'canary-back', '90:10'],
  ])('%s gets all of it back when the job fails in between', async (_, service, share) => {
    const job = startJob(service)
    await job.arm()
    await job.deploy({ image: imageOf('v2'), wait: 'false' })
    await vi.waitFor(() => expect(sharesOf(service)).toEqual([share]), { interval: 5, timeout: 20_000 })
    const post = await job.post()
    expect(post.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf(`${service}:1`) })
    expect(changesOf(service).at(-1)).toBe('ROLLBACK_SUCCESSFUL')
    expect(sharesOf(service)).toEqual([share, '100:0'])
  })
})

describe.concurrent('a deployment that is paused at a hook', () => {
  it('is waited for, the log says what for, and it is deployed once somebody continues it', async () => {
    const running = startJob('continued').deploy({ image: imageOf('v2') })
    await decide('continued', 'CONTINUE')
    const run = await running
    expect(run.outputs.outcome).toBe('deployed')
    expect(run.log.join('\n')).toMatch(
      /POST_PRODUCTION_TRAFFIC_SHIFT, paused at hook ecs-pause-\S+ until somebody continues it/,
    )
  })

  it('has failed when somebody refuses it, and ECS goes back by itself', async () => {
    const job = startJob('refused')
    await job.arm()
    const running = job.deploy({ image: imageOf('v2') })
    await decide('refused', 'ROLLBACK')
    const run = await running
    expect([run.exitCode, run.outputs.outcome]).toEqual([1, 'rolled-back'])
    expect((await job.post()).outputs.outcome).toBe('already-rolled-back')
  })

  it('is stopped with rollback when the job fails meanwhile', async () => {
    const job = startJob('waiting')
    await job.arm()
    const run = await job.deploy({ image: imageOf('v2'), timeout: '3s' })
    expect(run.outputs.outcome).toBe('timed-out')
    expect(run.annotations[0]?.message).toContain('waiting did not become steady in time')
    expect((await job.post()).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('waiting:1') })
    expect(changesOf('waiting').at(-1)).toBe('ROLLBACK_SUCCESSFUL')
  })
})

it('a daemon service is deployed, and restored', async () => {
  const job = startJob('daemon')
  expect((await job.arm()).annotations).toEqual([])
  const run = await job.deploy({ image: imageOf('v2') })
  expect(run.annotations).toEqual([])
  expect(run.outputs).toMatchObject({ outcome: 'deployed', 'task-definition-arn': arnOf('daemon:2') })
  expect((await job.post()).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('daemon:1') })
})

describe('a service that something else deploys', () => {
  it.each([
    ['by-codedeploy', 'CODE_DEPLOY', /\nUse AWS CodeDeploy for it .* Nothing was changed\.$/],
    ['by-others', 'EXTERNAL', /\nUse the controller that makes its task sets .* Nothing was changed\.$/],
  ])('%s is refused before anything is changed, with what to use', async (service, controller, advice) => {
    const job = startJob(service)
    const runs = [
      await job.arm(),
      await job.deploy({ image: imageOf('v2') }),
      await job.step({ mode: 'rollback', to: 'previous' }),
      await job.step({ mode: 'rollback', to: 'v1' }),
    ]
    for (const { exitCode, annotations } of runs) {
      expect([exitCode, annotations.length]).toEqual([1, 1])
      expect(annotations[0]?.message).toContain(`${service} has the deployment controller ${controller}: UpdateService`)
      expect(annotations[0]?.message).toMatch(advice)
    }
    const services = [{ service, taskDefinition: arnOf(`${service}:1`), deploymentId: 'd1', steady: true }]
    const baseline = { version: 1, kind: 'ecs', cluster: 'small', capturedAt: '2026-01-31T12:00:00.000Z', services }
    const given = await job.step({ mode: 'rollback', baseline: JSON.stringify(baseline) })
    expect([given.exitCode, given.outputs.outcome]).toEqual([1, 'failed'])
    expect(given.annotations[0]?.message).toContain(`it has the deployment controller ${controller}`)
    const changing = lab.journal
      .requests('ecs')
      .filter(({ operation, input }) => /^(Register|Update)/.test(operation) && JSON.stringify(input).includes(service))
    expect(changing).toEqual([])
  })
})
