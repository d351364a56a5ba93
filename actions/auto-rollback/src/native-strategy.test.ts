import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'

const blueGreen = { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 1 }
const arnOf = (definition: string): string => `arn:aws:ecs:eu-central-1:123456789012:task-definition/${definition}`

let lab: Lab
let temporary: string

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'native-'))
  const services = ['finished', 'flying', 'bad', 'overtaken'].map((name) => ({
    name,
    balanced: true,
    deploymentConfiguration: blueGreen,
  }))
  lab = await startLab({ world: smallWorld(services), timeScale: 0.005, throttling: false })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
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
  }
}

/** When each service deployment of a service became what it is. */
const changesOf = (service: string): readonly string[] =>
  lab.journal
    .entries()
    .flatMap((entry) =>
      entry.kind === 'change' && entry.resource.includes(`:service-deployment/small/${service}/`) ? [entry.to] : [],
    )

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
