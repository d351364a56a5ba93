import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ECSClient } from '@aws-sdk/client-ecs'
import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { systemClock } from '@deploy-kit/core/clock'
import { Deadline } from '@deploy-kit/core/deadline'
import { describeService } from '@deploy-kit/core/ecs/services'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallRole, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { action } from './action.ts'
import { readUnhealthyTargets } from './target-health.ts'

const world = smallWorld([
  ...['good', 'bad', 'busy', 'many-a', 'many-b', 'dry', 'file', 'unpushed', 'again'],
  { name: 'fragile', breaker: false },
  { name: 'stuck', rollback: false },
  { name: 'balanced', balanced: true, breaker: false },
  { name: 'contested', balanced: true, breaker: false },
  { name: 'late', balanced: true, breaker: false },
  { name: 'idle', desiredCount: 0 },
  {
    name: 'foreign',
    balanced: true,
    settings: { deploymentController: { type: 'CODE_DEPLOY' }, deploymentConfiguration: undefined },
  },
])
let lab: Lab
let temporary: string

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'ecs-deploy-'))
  lab = await startLab({ world: world })
  // The SDK reads endpoint and keys from the process itself.
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
  await rm(temporary, { recursive: true })
})

function deploy(inputs: Record<string, string>, signal?: AbortSignal): Promise<MemoryRun> {
  return runInMemory(action, {
    inputs: { cluster: 'small', interval: '50ms', timeout: '20s', ...inputs },
    environment: {
      ...process.env,
      ...lab.environment,
      RUNNER_TEMP: temporary,
      GITHUB_WORKSPACE: temporary,
      GITHUB_RUN_ID: '1',
    },
    ...(signal && { signal }),
  })
}

const arnOf = (service: string): string => `arn:aws:ecs:eu-central-1:123456789012:service/${service}`

const requests = (operation: string, service: string): number =>
  lab.journal
    .requests('ecs', operation)
    .filter(
      (request) =>
        (request.input as { service?: string; family?: string }).service === service ||
        (request.input as { family?: string }).family === service,
    ).length

// Before the others: nobody has sent a request yet.
describe('bad inputs', () => {
  it.each([
    [{ services: 'good' }, /there is nothing to deploy to good/],
    [{ services: ',', image: 'i' }, /services: is required, and only empty items were given/],
    [{ services: 'good good', image: 'i' }, /'good good' cannot be the name of a service/],
    [{ services: 'good, good', image: 'i' }, /'good' is given twice/],
    [
      { services: arnOf('other/good'), image: 'i' },
      /good is in the cluster other, not in small; use one step for each/,
    ],
    [{ services: `{"${arnOf('small/good')}": {}, good: {}}`, image: 'i' }, /'good' is given twice/],
    [{ services: '{"good": {"images": "i"}}' }, /good\.images/],
    [{ services: 'good: { image: "a b" }' }, /good\.image: is not an image/],
    [{ services: 'good', image: 'a b' }, /'a b' is not an image/],
    [{ services: 'good', image: 'app=i\napp=j' }, /'app' is given twice/],
    [{ services: 'good', image: 'i', interval: '30' }, /'30' has no unit/],
    [{ services: 'good', image: 'i', timeout: '0s' }, /too short/],
    [{ services: 'good', image: 'i', 'max-parallel': '0' }, /'0' is too small/],
    [{ services: 'good', image: 'i', 'max-failed-tasks': '-1' }, /too small/],
    [{ services: 'good', image: 'i', wait: 'yes' }, /'yes' is not a boolean/],
    [{ services: 'good', image: 'i', environment: 'A' }, /'A' is not of the form KEY=VALUE/],
    [{ services: 'a, b', image: 'i', wait: 'false', 'max-parallel': '1' }, /more than max-parallel/],
    [{ services: 'good', 'task-definition': 'nowhere.json' }, /nowhere.json cannot be read/],
    [
      { services: 'good: { task-definition: a.json }', 'task-definition': 'b.json' },
      /: b.json cannot be read: .*\ntask-definition: a.json cannot be read/,
    ],
    [{ services: 'good: { container: app }', image: 'app=i' }, /another `container`/],
    [{ services: 'good', image: 'i', cluster: '' }, /cluster: is required/],
  ])('%j', async (inputs, message) => {
    const run = await deploy(inputs as unknown as Record<string, string>)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(message)
    expect(lab.journal.requests()).toEqual([])
  })
})

describe.concurrent('a deployment', () => {
  it('rolls a service to a new image and waits until it is steady', async () => {
    const run = await deploy({ services: 'good', image: imageOf('v2') })
    expect(run.annotations).toEqual([])
    expect(run.exitCode).toBe(0)
    expect(run.outputs).toMatchObject({
      outcome: 'deployed',
      'task-definition-arn': 'arn:aws:ecs:eu-central-1:123456789012:task-definition/good:2',
    })
    expect(JSON.parse(run.outputs.baseline ?? '')).toMatchObject({
      kind: 'ecs',
      cluster: 'small',
      services: [
        {
          service: 'good',
          taskDefinition: 'arn:aws:ecs:eu-central-1:123456789012:task-definition/good:1',
          steady: true,
        },
      ],
    })
    expect(run.summary).toMatch(/good runs good:2 and is steady/)

    const again = await deploy({ services: 'good', image: imageOf('v2') })
    expect(again.outputs.outcome).toBe('unchanged')
    expect(requests('UpdateService', 'good')).toBe(1)
    expect(requests('RegisterTaskDefinition', 'good')).toBe(1)

    const back = await deploy({ services: 'good', image: imageOf('v1') })
    expect(back.outputs).toMatchObject({
      outcome: 'deployed',
      'task-definition-arn': 'arn:aws:ecs:eu-central-1:123456789012:task-definition/good:1',
    })
    expect(requests('RegisterTaskDefinition', 'good')).toBe(1)
  })

  it('says that ECS rolled back, why the tasks died and what they logged last', async () => {
    const run = await deploy({ services: 'bad', image: imageOf('broken') })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('rolled-back')
    const [report] = JSON.parse(run.outputs.report ?? '[]')
    expect(report.failedTasks[0]).toMatchObject({ stopCode: 'EssentialContainerExited', exitCode: 1, container: 'app' })
    expect(run.summary).toContain('The container app exited with code 1')
    expect(run.summary).toContain('cannot find my configuration')
    expect(run.annotations[0]?.message).toMatch(/bad: ECS gave up the rollout of bad:2/)
    // The first look after the failure is the last.
    const entries = lab.journal.entries()
    const failed = entries.findIndex(
      (entry) => entry.kind === 'change' && entry.to === 'FAILED' && entry.resource.includes('/bad '),
    )
    const looks = entries.slice(failed).filter((entry) => {
      return (
        entry.kind === 'request' &&
        entry.operation === 'DescribeServices' &&
        JSON.stringify(entry.input).includes('"bad"')
      )
    })
    expect([failed > 0, looks.length]).toEqual([true, 1])
  })

  it('rolls several services, no more than max-parallel at a time, and shares nothing between them', async () => {
    const services = JSON.stringify({ 'many-a': { image: imageOf('v2') }, 'many-b': { image: imageOf('v3') } })
    const run = await deploy({ services, 'max-parallel': '1' })
    expect(run.annotations).toEqual([])
    expect(run.outputs.outcome).toBe('deployed')
    const order = lab.journal
      .entries()
      .filter((entry) =>
        entry.kind === 'request'
          ? entry.operation === 'UpdateService'
          : /many-a .*COMPLETED/.test(`${entry.resource} ${entry.to}`),
      )
      .flatMap((entry) => (entry.kind === 'request' ? (entry.input as { service: string }).service : 'a completed'))
      .filter((line) => line.startsWith('many') || line === 'a completed')
    expect(order.slice(-3)).toEqual(['many-a', 'a completed', 'many-b'])
  })

  it('changes nothing in a dry run and says what it would do', async () => {
    const run = await deploy({ services: 'dry', image: imageOf('v2'), environment: 'TOKEN=shh', 'dry-run': 'true' })
    expect(run.exitCode).toBe(0)
    expect(run.summary).toContain('register a new revision of dry')
    expect(run.summary).not.toContain('shh')
    expect(requests('UpdateService', 'dry') + requests('RegisterTaskDefinition', 'dry')).toBe(0)
  })

  it('names everything that a file would change, in a dry run', async () => {
    const definition = {
      family: 'dry',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '512',
      memory: '1024',
      executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
      containerDefinitions: [
        { name: 'app', image: imageOf('v1'), essential: true, stopTimeout: 5 },
        { name: 'proxy', image: imageOf('v1'), essential: false },
      ],
    }
    await writeFile(join(temporary, 'dry.json'), JSON.stringify(definition))
    const run = await deploy({ services: 'dry', 'task-definition': 'dry.json', 'dry-run': 'true' })
    expect(run.summary).toContain(
      `app: changes logConfiguration, stopTimeout; container proxy is new (${imageOf('v1')}); the task definition: changes cpu, memory`,
    )
  })

  it('takes a definition from a file, with members that the SDK does not know', async () => {
    const definition = {
      family: 'file',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
      memberOfTomorrow: { keep: true },
      containerDefinitions: [{ name: 'app', image: imageOf('v1') }],
      tags: [{ key: 'team', value: 'money' }],
    }
    await writeFile(join(temporary, 'task.json'), JSON.stringify(definition))
    const run = await deploy({
      services: 'file',
      'task-definition': 'task.json',
      image: imageOf('v2'),
      environment: 'A=1',
    })
    expect(run.annotations).toEqual([])
    const [request] = lab.journal
      .requests('ecs', 'RegisterTaskDefinition')
      .filter((one) => (one.input as { family: string }).family === 'file')
    expect(request?.input).toEqual({
      ...definition,
      containerDefinitions: [{ name: 'app', image: imageOf('v2'), environment: [{ name: 'A', value: '1' }] }],
    })
  })

  it('stops waiting when it is cancelled, and leaves what the job did behind for auto-rollback', async () => {
    const abort = new AbortController()
    const running = deploy({ services: 'busy', image: imageOf('v2') }, abort.signal)
    await vi.waitFor(() => expect(requests('UpdateService', 'busy')).toBe(1), { interval: 5, timeout: 20_000 })
    abort.abort()
    const run = await running
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'cancelled' })
    expect(run.outputs.baseline).toContain('task-definition/busy:1')
    const record = await readFile(join(temporary, 'deploy-kit', 'ecs-1-1-.jsonl'), 'utf8')
    expect(record).toContain('"taskDefinition":"arn:aws:ecs:eu-central-1:123456789012:task-definition/busy:2"')
  })

  it('names a service that is not there before it changes anything', async () => {
    const run = await deploy({ services: 'good, nobody', image: imageOf('v9') })
    expect(run.annotations[0]?.message).toMatch(/Cluster small: nobody does not exist/)
    expect(run.outputs.outcome).toBe('failed')
    expect(run.exitCode).toBe(1)
  })

  it('ends when more tasks of the new revision died than are allowed, where no circuit breaker does', async () => {
    const run = await deploy({ services: 'fragile', image: imageOf('broken'), 'max-failed-tasks': '1' })
    expect(run.outputs.outcome).toBe('failed')
    expect(run.annotations[0]?.message).toMatch(
      /fragile: .*[2-9] tasks died, more than max-failed-tasks \(1\) allows, and ECS goes on trying. The container app exited with code 1/,
    )
  })

  it('says which deployment failed where the circuit breaker does not roll back', async () => {
    const run = await deploy({ services: 'stuck', image: imageOf('broken'), 'max-failed-tasks': '9' })
    expect(run.outputs.outcome).toBe('failed')
    expect(run.annotations[0]?.message).toMatch(/stuck: .*circuit breaker/)
    const again = await deploy({ services: 'stuck', image: imageOf('broken'), 'max-failed-tasks': '9' })
    expect(again.outputs.outcome).toBe('failed')
    expect(requests('RegisterTaskDefinition', 'stuck')).toBe(1)
  })

  it('says that health checks of the load balancer failed, and what it says of the targets', async () => {
    const run = await deploy({ services: 'balanced', image: imageOf('sick'), 'max-failed-tasks': '0' })
    expect(run.exitCode).toBe(1)
    expect(run.summary).toMatch(/The load balancer's health checks failed: Task failed ELB health checks/)
    const config = { region: 'eu-central-1', maxAttempts: 1 as const }
    const caller = new AwsCaller({
      deadline: new Deadline(20_000, systemClock),
      signal: new AbortController().signal,
      clock: systemClock,
      log: { info: () => {}, warning: () => {}, debug: () => {}, group: () => {}, outside: () => {} },
    })
    const ecs = { config, client: new ECSClient(config), caller }
    const service = await describeService(ecs, 'small', 'balanced')
    const unhealthy = expect.stringMatching(/^target .* is (unhealthy|draining|initial)/)
    const look = async () => expect(await readUnhealthyTargets(ecs, service)).toContainEqual(unhealthy)
    await vi.waitFor(look, { interval: 10, timeout: 20_000 })
  })

  it('says that an image cannot be pulled, and what to look at', async () => {
    const run = await deploy({ services: 'unpushed', image: imageOf('never-pushed'), 'max-failed-tasks': '0' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/The image could not be pulled: CannotPullContainerError/)
    expect(run.summary).toMatch(/Check that this tag was pushed/)
  })

  it('says by which deployment its own was replaced', async () => {
    const running = deploy({ services: 'contested', image: imageOf('sick'), 'max-failed-tasks': '99' })
    await vi.waitFor(() => expect(requests('UpdateService', 'contested')).toBe(1), { interval: 5, timeout: 20_000 })
    const other = await deploy({ services: 'contested', image: imageOf('v3'), wait: 'false' })
    expect(other.outputs.outcome).toBe('deployed')
    expect(other.annotations).toEqual([])
    expect(other.summary).toMatch(/was requested and not waited for/)
    const run = await running
    expect(run.outputs.outcome).toBe('failed')
    expect(run.annotations[0]?.message).toContain(
      `replaced by deployment ${other.outputs['deployment-id']} of contested:3`,
    )
  })

  it('follows the deployment that an earlier attempt of the job began', async () => {
    const first = await deploy({ services: 'again', image: imageOf('v2'), wait: 'false' })
    const second = await deploy({ services: 'again', image: imageOf('v2') })
    expect(second.outputs).toMatchObject({ outcome: 'deployed', 'deployment-id': first.outputs['deployment-id'] })
    expect(requests('UpdateService', 'again')).toBe(1)
  })

  it('deploys a service of which no task is wanted', async () => {
    const run = await deploy({ services: 'idle', image: imageOf('v2') })
    expect(run.outputs.outcome).toBe('deployed')
  })

  it('refuses a service that CodeDeploy deploys, and says what to use', async () => {
    const run = await deploy({ services: 'foreign', image: imageOf('v2') })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(
      /foreign has the deployment controller CODE_DEPLOY.*\nUse AWS CodeDeploy for it/,
    )
    expect(requests('UpdateService', 'foreign') + requests('RegisterTaskDefinition', 'foreign')).toBe(0)
  })

  it('explains a role that cannot be assumed', async () => {
    const run = await deploy({ services: 'dry', image: imageOf('v2'), 'role-to-assume': `${smallRole}-of-others` })
    expect(run.annotations[0]?.message).toMatch(
      /^The role .*-of-others could not be assumed: .*\nCheck that the role's trust/,
    )
  })

  it('names the missing permission before anything is changed', async () => {
    const denied = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['ecs:Describe*', 'ecs:ListTaskDefinitions', 'ecs:RegisterTaskDefinition', 'ecs:UpdateService'],
          Resource: '*',
        },
      ],
    }
    lab.policies.put(smallRole, denied)
    const run = await deploy({ services: 'dry', image: imageOf('v2'), 'role-to-assume': smallRole })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/the credentials lack ecs:ListTasks/)
    expect(requests('UpdateService', 'dry') + requests('RegisterTaskDefinition', 'dry')).toBe(0)
  })
})

// By itself: beside the others it might not have begun in time.
it('ends at its timeout and says what is not steady yet', async () => {
  const run = await deploy({ services: 'late', image: imageOf('sick'), 'max-failed-tasks': '99', timeout: '3s' })
  expect(run.exitCode).toBe(1)
  expect(run.outputs.outcome).toBe('timed-out')
  expect(run.annotations[0]?.message).toMatch(/late did not become steady in time; the rollout goes on in ECS/)
})
