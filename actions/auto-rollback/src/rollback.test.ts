import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DeleteServiceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeServicesCommand,
  ECSClient,
  type Service,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'

const SERVICES = [
  'untouched',
  'finished',
  'flying',
  'reverted',
  'stolen',
  'fixed',
  'gone',
  'pair-a',
  'pair-b',
  'twice',
  'sick',
  'clicked',
  'tagged',
  'untagged',
  'died',
  'dry',
  'scaled',
  'own',
  'worse',
  'half-a',
  'half-b',
  'kept',
  'deleted',
] as const
const arnOf = (definition: string): string => `arn:aws:ecs:eu-central-1:123456789012:task-definition/${definition}`

let lab: Lab
let ecs: ECSClient
let temporary: string
let healthServer: Server
let jobs = 0

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'auto-rollback-'))
  lab = await startLab({
    world: smallWorld([...SERVICES, { name: 'doomed', breaker: false }]),
    timeScale: 0.005,
    throttling: false,
  })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  ecs = new ECSClient()
  healthServer = createServer((request, response) => response.writeHead(request.url === '/sick' ? 500 : 200).end())
  await new Promise<void>((resolve) => healthServer.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  healthServer.close()
  ecs.destroy()
  await lab.close()
  await rm(temporary, { recursive: true })
})

/** A job with a guard: its steps, and what its post step says. */
function startJob(inputs: Record<string, string>) {
  jobs += 1
  const environment = {
    ...process.env,
    ...lab.environment,
    RUNNER_TEMP: temporary,
    GITHUB_RUN_ID: String(jobs),
    GITHUB_JOB: 'deploy',
  }
  const common = { cluster: 'small', interval: '50ms', timeout: '20s' }
  let state: Readonly<Record<string, string>> = {}
  return {
    runId: String(jobs),
    environment,
    async arm(): Promise<MemoryRun> {
      const run = await runInMemory(action, { inputs: { ...common, ...inputs }, environment })
      state = run.state
      return run
    },
    deploy: (more: Record<string, string>) =>
      runInMemory(ecsDeploy, { inputs: { ...common, services: inputs.services ?? '', ...more }, environment }),
    post: (more: Record<string, string> = {}) =>
      runInMemory(action, { inputs: { ...common, ...inputs, ...more }, environment, phase: 'post', state }),
    step: (more: Record<string, string>, signal = new AbortController().signal) =>
      runInMemory(action, { inputs: { ...common, ...more }, environment, signal }),
  }
}

async function describeService(name: string): Promise<Service> {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster: 'small', services: [name] }))
  return services[0] as Service
}

/** Somebody else, with the AWS CLI. */
async function updateByHand(service: string, taskDefinition: string): Promise<void> {
  await ecs.send(new UpdateServiceCommand({ cluster: 'small', service, taskDefinition }))
}

/** Registers a second revision without deploying it. */
async function registerSecond(service: string, image = imageOf('v2')): Promise<string> {
  const { RegisterTaskDefinitionCommand, DescribeTaskDefinitionCommand } = await import('@aws-sdk/client-ecs')
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: service }))
  const { family, networkMode, cpu, memory, executionRoleArn, requiresCompatibilities } = taskDefinition ?? {}
  const containerDefinitions = taskDefinition?.containerDefinitions?.map((container) => ({ ...container, image }))
  const input = { family, networkMode, cpu, memory, executionRoleArn, requiresCompatibilities, containerDefinitions }
  const answer = await ecs.send(new RegisterTaskDefinitionCommand(input as never))
  return answer.taskDefinition?.taskDefinitionArn ?? ''
}

const updatesOf = (service: string): readonly string[] =>
  lab.journal
    .requests('ecs', 'UpdateService')
    .map((request) => (request.input as { service: string }).service)
    .filter((name) => name.startsWith(service))

const steady = async (service: string): Promise<string | undefined> => {
  const { deployments = [] } = await describeService(service)
  return deployments.length === 1 && deployments[0]?.rolloutState === 'COMPLETED'
    ? deployments[0].taskDefinition
    : undefined
}

describe.concurrent('the post step of a guard', () => {
  it('restores nothing when nothing was deployed', async () => {
    const job = startJob({ services: 'untouched' })
    const armed = await job.arm()
    expect(armed.annotations).toEqual([])
    expect(armed.outputs).toMatchObject({ outcome: 'armed', 'rolled-back': 'false' })
    expect(JSON.parse(armed.outputs.baseline ?? '')).toMatchObject({
      services: [{ taskDefinition: arnOf('untouched:1') }],
    })
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'not-needed', 'rolled-back': 'false' })
    expect(run.exitCode).toBe(0)
  })

  it('updates a service back whose deployment has finished, and proves it healthy', async () => {
    const { port } = healthServer.address() as AddressInfo
    const job = startJob({ services: 'finished', 'verify-url': `http://127.0.0.1:${port}/` })
    await job.arm()
    expect((await job.deploy({ image: imageOf('v2') })).outputs.outcome).toBe('deployed')
    const run = await job.post()
    expect(run.outputs).toMatchObject({
      outcome: 'rolled-back',
      'rolled-back': 'true',
      from: arnOf('finished:2'),
      to: arnOf('finished:1'),
    })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(
      /finished was rolled back from finished:2 to finished:1, and http.* is healthy/,
    )
    expect(await steady('finished')).toBe(arnOf('finished:1'))
  })

  it('stops a deployment in flight with rollback', async () => {
    const job = startJob({ services: 'flying' })
    await job.arm()
    await job.deploy({ image: imageOf('v2'), wait: 'false' })
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('flying:1') })
    expect(lab.journal.requests('ecs', 'StopServiceDeployment')).not.toEqual([])
    expect(await steady('flying')).toBe(arnOf('flying:1'))
  })

  it('sees that ECS has rolled back by itself', async () => {
    const job = startJob({ services: 'reverted' })
    await job.arm()
    expect((await job.deploy({ image: imageOf('broken') })).outputs.outcome).toBe('rolled-back')
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'already-rolled-back', 'rolled-back': 'false' })
    expect(run.exitCode).toBe(0)
    expect(updatesOf('reverted')).toHaveLength(1)
    expect(await steady('reverted')).toBe(arnOf('reverted:1'))
  })

  it("leaves somebody else's deployment alone", async () => {
    const job = startJob({ services: 'stolen' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await updateByHand('stolen', await registerSecond('stolen', imageOf('v3')))
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'superseded', 'rolled-back': 'false' })
    expect(run.annotations[0]).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/somebody else deployed stolen:3/),
    })
    expect((await describeService('stolen')).taskDefinition).toBe(arnOf('stolen:3'))
  })

  it("counts a change that no ecs-deploy recorded as this job's", async () => {
    const job = startJob({ services: 'own' })
    await job.arm()
    await updateByHand('own', await registerSecond('own'))
    expect((await job.post()).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('own:1') })
  })

  it('sees that somebody else has rolled back', async () => {
    const job = startJob({ services: 'fixed' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await updateByHand('fixed', arnOf('fixed:1'))
    expect((await job.post()).outputs.outcome).toBe('already-rolled-back')
  })

  it('registers a baseline again that was deregistered meanwhile', async () => {
    const job = startJob({ services: 'gone' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'gone:1' }))
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('gone:3') })
    expect(await steady('gone')).toBe(arnOf('gone:3'))
  })

  it('restores several services in reverse order, and one that cannot be does not stop the others', async () => {
    const job = startJob({ services: 'pair-a, pair-b' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    lab.policies.put(lab.environment.AWS_ACCESS_KEY_ID ?? '', {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'ecs:UpdateService', Resource: 'arn:aws:ecs:*:*:service/small/pair-b' },
      ],
    })
    const run = await job.post()
    lab.policies.put(lab.environment.AWS_ACCESS_KEY_ID ?? '', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    })
    expect(run.exitCode).toBe(1)
    const report = JSON.parse(run.outputs.report ?? '[]') as { service: string; outcome: string; reason: string }[]
    expect(report.map(({ service, outcome }) => `${service} ${outcome}`)).toEqual([
      'pair-a rolled-back',
      'pair-b failed',
    ])
    expect(report[1]?.reason).toMatch(/ecs:UpdateService/)
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'true' })
    const order = updatesOf('pair').slice(-2)
    expect(order).toEqual(['pair-b', 'pair-a'])
  })

  it('restores the half of the services that was deployed, and leaves the others', async () => {
    const job = startJob({ services: 'half-a, half-b' })
    await job.arm()
    await job.deploy({ services: 'half-a', image: imageOf('v2') })
    const run = await job.post()
    const report = JSON.parse(run.outputs.report ?? '[]') as { service: string; outcome: string }[]
    expect(report.map(({ service, outcome }) => `${service} ${outcome}`)).toEqual([
      'half-a rolled-back',
      'half-b not-needed',
    ])
    expect(updatesOf('half-b')).toEqual([])
  })

  it('says that a service was deleted, and restores the others', async () => {
    const job = startJob({ services: 'kept, deleted' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await ecs.send(new DeleteServiceCommand({ cluster: 'small', service: 'deleted', force: true }))
    const dry = await job.post({ 'dry-run': 'true' })
    expect(dry).toMatchObject({ exitCode: 1, outputs: { outcome: 'failed', 'rolled-back': 'false' } })
    expect(dry.annotations[0]?.message).toMatch(
      /^Dry run: 1 of 2 would be restored; deleted could not be restored .*Nothing was changed$/,
    )
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'true' })
    expect(run.annotations[0]?.message).toMatch(
      /deleted could not be restored .* the service is (DRAINING|INACTIVE): it was deleted/,
    )
    expect(await steady('kept')).toBe(arnOf('kept:1'))
  })

  it('takes its own rollback for its own when two guards stand in one job', async () => {
    const first = startJob({ services: 'twice' })
    await first.arm()
    await first.deploy({ image: imageOf('v2') })
    const armed = first.post
    const second = { ...first }
    const guard = await runInMemory(action, {
      inputs: { cluster: 'small', services: 'twice', interval: '50ms', timeout: '20s' },
      environment: second.environment,
    })
    await first.deploy({ image: imageOf('v3') })
    const inner = await runInMemory(action, {
      inputs: { cluster: 'small', services: 'twice', interval: '50ms', timeout: '20s' },
      environment: first.environment,
      phase: 'post',
      state: guard.state,
    })
    expect(inner.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('twice:2') })
    expect((await armed()).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('twice:1') })
  })

  it('fails when the restored version is not healthy', async () => {
    const { port } = healthServer.address() as AddressInfo
    const job = startJob({ services: 'sick', 'verify-url': `http://127.0.0.1:${port}/sick`, 'verify-timeout': '300ms' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'true' })
    expect(run.annotations[0]?.message).toMatch(/rolled back from sick:2 to sick:1, but http.* is not healthy/)
  })

  it('keeps the desired count as it is now', async () => {
    const job = startJob({ services: 'scaled' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await ecs.send(new UpdateServiceCommand({ cluster: 'small', service: 'scaled', desiredCount: 2 }))
    expect((await job.post()).outputs.outcome).toBe('rolled-back')
    expect(await describeService('scaled')).toMatchObject({ desiredCount: 2, runningCount: 2 })
  })

  it('changes nothing in a dry run and says what it would do', async () => {
    const job = startJob({ services: 'dry', persist: 'tag', 'dry-run': 'true' })
    const armed = await job.arm()
    expect(armed.log.at(-1)).toBe(
      'Dry run: if this job fails or is cancelled, dry (dry:1) would be put back, and the baseline would be kept on a tag. Nothing is going to be changed',
    )
    await job.deploy({ image: imageOf('v2') })
    const run = await job.post()
    expect(run.exitCode).toBe(0)
    expect(run.summary).toContain('restore `dry:1` in place of `dry:2`')
    expect(await steady('dry')).toBe(arnOf('dry:2'))
  })

  it('has nothing to do when the guard was never armed', async () => {
    const run = await startJob({ services: 'untouched' }).post()
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
  })
})

describe.concurrent('mode rollback', () => {
  it('goes to the last revision that was steady, not to revision minus one, and may exit 0', async () => {
    const job = startJob({ services: 'clicked' })
    await job.deploy({ image: imageOf('v2') })
    await job.deploy({ image: imageOf('broken') })
    await job.deploy({ image: imageOf('v4') })
    const inputs = { mode: 'rollback', services: 'clicked', to: 'previous', 'fail-after-rollback': 'false' }
    const run = await job.step(inputs)
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', from: arnOf('clicked:4'), to: arnOf('clicked:2') })
    expect(run.exitCode).toBe(0)
    const byTag = await job.step({ ...inputs, to: 'v4' })
    expect(byTag.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('clicked:4') })
    const byName = await job.step({ ...inputs, to: 'clicked:4' })
    expect(byName.outputs).toMatchObject({ outcome: 'not-needed', 'rolled-back': 'false' })
    const unknown = await job.step({ ...inputs, to: 'v99' })
    expect(unknown.annotations[0]?.message).toMatch(/No revision of clicked.* has an image with the tag v99/)
  })

  it('uses the baseline that a guard persisted, in another job', async () => {
    const job = startJob({ services: 'tagged', persist: 'tag' })
    expect((await job.arm()).annotations).toEqual([])
    await job.deploy({ image: imageOf('v2') })
    const other = startJob({})
    const half = await other.step({ mode: 'rollback', services: 'tagged, untagged' })
    expect(half).toMatchObject({ exitCode: 1, outputs: { outcome: 'failed' } })
    expect(half.annotations[0]?.message).toMatch(/No guard has left a baseline on untagged\..*\n.*Nothing was changed/)
    const run = await other.step({ mode: 'rollback', services: 'tagged' })
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('tagged:1') })
    expect(run.exitCode).toBe(1)
  })

  it('cleans up after a run that died, and only after that one', async () => {
    const job = startJob({ services: 'died', persist: 'tag' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    const event = join(temporary, 'event.json')
    const cleanUp = async (runId: string): Promise<MemoryRun> => {
      await writeFile(event, JSON.stringify({ workflow_run: { id: Number(runId) } }))
      const environment = { ...startJob({}).environment, GITHUB_EVENT_NAME: 'workflow_run', GITHUB_EVENT_PATH: event }
      const inputs = { cluster: 'small', mode: 'rollback', services: 'died', interval: '50ms', timeout: '20s' }
      return await runInMemory(action, { inputs, environment })
    }
    expect((await cleanUp('999')).outputs).toMatchObject({ outcome: 'not-needed' })
    expect(await steady('died')).toBe(arnOf('died:2'))
    expect((await cleanUp(job.runId)).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('died:1') })
  })

  it('fails when the revision that is restored does not start', async () => {
    const broken = await registerSecond('worse', imageOf('broken'))
    const run = await startJob({}).step({ mode: 'rollback', services: 'worse', to: broken })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('failed')
    expect(run.annotations[0]?.message).toMatch(
      /worse could not be restored to worse:2: .*circuit breaker.*The container app exited with code 1/,
    )
  })

  it('says why tasks die although no circuit breaker ends the deployment', async () => {
    const broken = await registerSecond('doomed', imageOf('gone'))
    const deaths = () =>
      lab.journal.requests('ecs', 'DescribeTasks').filter(({ outcome }) => JSON.stringify(outcome).includes(broken))
    const abort = new AbortController()
    const restoring = startJob({}).step({ mode: 'rollback', services: 'doomed', to: broken }, abort.signal)
    // When the second request is sent, the answer to the first one has been read.
    await vi.waitFor(() => expect(deaths().length).toBeGreaterThan(1), { timeout: 20_000 })
    abort.abort()
    const run = await restoring
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'false' })
    expect(run.annotations[0]?.message).toMatch(/doomed is not restored to doomed:2: .*The image could not be pulled/)
    expect(run.summary).toContain('Check that this tag was pushed to the registry')
    expect(run.summary).not.toContain('Time to restore')
  })
})
