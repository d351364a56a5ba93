import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

/** More requests than the step makes; the last ones are not reached, and then it ends by itself. */
const DEPLOY_CALLS = Array.from({ length: 10 }, (_, index) => index + 1)
const POST_CALLS = [1, 2, 3]
const GUARD_CALLS = [1, 2]
const ROLLBACK_CALLS = [1, 2, 3, 4, 5]

// Each starts three processes, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 120_000 })

let tree: string
let lab: Lab
let ecs: ECSClient
let directory: string

beforeAll(async () => {
  tree = await ensureReleaseTree()
  directory = await mkdtemp(join(tmpdir(), 'runner-died-'))
  const lanes = { deploy: DEPLOY_CALLS, post: POST_CALLS, guard: GUARD_CALLS, rollback: ROLLBACK_CALLS }
  const services = Object.entries(lanes).flatMap(([name, calls]) => calls.map((call) => `${name}-${call}`))
  const files = services.flatMap((service) => [`${service}.state`, `${service}.output`])
  await Promise.all(files.map((file) => writeFile(join(directory, file), '')))
  lab = await startLab({ world: smallWorld(services), timeScale: 0.003, throttling: false })
  const {
    AWS_ENDPOINT_URL: endpoint = '',
    AWS_REGION: region = '',
    AWS_ACCESS_KEY_ID: accessKeyId = '',
    AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
  } = lab.environment
  ecs = new ECSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
}, 120_000)
afterAll(async () => {
  ecs.destroy()
  await lab.close()
  await rm(directory, { recursive: true })
})

/** Starts a released bundle as GitHub's runner does. */
function start(
  service: string,
  bundle: string,
  inputs: Record<string, string>,
  more: Record<string, string> = {},
): ChildProcess {
  const given = Object.entries({ cluster: 'small', services: service, interval: '50ms', timeout: '60s', ...inputs })
  const child = spawn(process.execPath, [join(tree, bundle)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      ...lab.environment,
      ...Object.fromEntries(given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      RUNNER_TEMP: join(directory, service),
      GITHUB_STATE: join(directory, `${service}.state`),
      GITHUB_OUTPUT: join(directory, `${service}.output`),
      GITHUB_RUN_ID: service.replaceAll(/\D/g, ''),
      GITHUB_JOB: 'deploy',
      ...more,
    },
  })
  logs.set(child, [])
  child.stdout.setEncoding('utf8').on('data', (text: string) => logs.get(child)?.push(text))
  return child
}

/** What each process has printed, for when one ends otherwise than it should. */
const logs = new Map<ChildProcess, string[]>()

async function finish(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null]
  return code
}

async function succeed(child: ChildProcess): Promise<void> {
  expect(await finish(child), logs.get(child)?.join('')).toBe(0)
}

/** Kills a process with SIGKILL once its n-th request has taken effect and before it has the answer. */
async function killAtCall(call: number, begin: () => ChildProcess): Promise<void> {
  const before = lab.journal.requests('ecs').length
  lab.faults.add({ service: 'ecs', kind: 'slow', ms: 3000, call })
  const child = begin()
  const exited = finish(child)
  await expect
    .poll(() => lab.journal.requests('ecs').length - before >= call || child.exitCode !== null, {
      interval: 5,
      timeout: 60_000,
    })
    .toBe(true)
  child.kill('SIGKILL')
  await exited
  lab.faults.clear()
}

async function arm(service: string, inputs: Record<string, string> = {}): Promise<Record<string, string>> {
  await succeed(start(service, 'auto-rollback/dist/main.mjs', inputs))
  const state = await readFile(join(directory, `${service}.state`), 'utf8')
  // name<<delimiter, the value, the delimiter.
  return Object.fromEntries(
    [...state.matchAll(/^(\w+)<<(\S+)\n(.*?)\n\2$/gms)].map(([, name, , value]) => [`STATE_${name}`, value ?? '']),
  )
}

/** The old version is what runs, steady and with every task that is wanted. */
async function expectRestored(service: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster: 'small', services: [service] }))
        const { deployments = [], runningCount } = services[0] ?? {}
        return deployments.map((one) => `${one.taskDefinition?.split('/')[1]} ${one.rolloutState} ${runningCount}`)
      },
      { timeout: 60_000 },
    )
    .toEqual([`${service}:1 COMPLETED 1`])
}

describe('a deploy that is killed', () => {
  test.each(DEPLOY_CALLS)('at its request %i is undone by the post step', async (call) => {
    const service = `deploy-${call}`
    const state = await arm(service)
    await killAtCall(call, () => start(service, 'ecs-deploy/dist/main.mjs', { image: imageOf('v2') }))
    expect(await finish(start(service, 'auto-rollback/dist/post.mjs', {}, state))).not.toBeNull()
    await expectRestored(service)
  })
})

describe('a post step that is killed', () => {
  test.each(POST_CALLS)(
    'at its request %i leaves nothing that the clean-up of another run does not undo',
    async (call) => {
      const service = `post-${call}`
      const state = await arm(service, { persist: 'tag' })
      await succeed(start(service, 'ecs-deploy/dist/main.mjs', { image: imageOf('v2') }))
      await killAtCall(call, () => start(service, 'auto-rollback/dist/post.mjs', { persist: 'tag' }, state))
      const event = join(directory, `${service}.json`)
      await writeFile(event, JSON.stringify({ workflow_run: { id: call } }))
      const cleanUp = {
        GITHUB_EVENT_NAME: 'workflow_run',
        GITHUB_EVENT_PATH: event,
        GITHUB_RUN_ID: '999',
        RUNNER_TEMP: join(directory, 'other'),
      }
      const inputs = { mode: 'rollback', 'fail-after-rollback': 'false' }
      await succeed(start(service, 'auto-rollback/dist/main.mjs', inputs, cleanUp))
      await expectRestored(service)
    },
  )
})

describe('a guard that is killed', () => {
  test.each(GUARD_CALLS)('at its request %i has changed nothing, and can be armed again', async (call) => {
    const service = `guard-${call}`
    await killAtCall(call, () => start(service, 'auto-rollback/dist/main.mjs', { persist: 'tag' }))
    await expectRestored(service)
    expect(Object.keys(await arm(service, { persist: 'tag' }))).toContain('STATE_baseline')
  })
})

describe('a rollback that is killed', () => {
  test.each(ROLLBACK_CALLS)('at its request %i is finished by the next one', async (call) => {
    const service = `rollback-${call}`
    const inputs = { mode: 'rollback', to: `${service}:1`, 'fail-after-rollback': 'false' }
    await succeed(start(service, 'ecs-deploy/dist/main.mjs', { image: imageOf('v2') }))
    await killAtCall(call, () => start(service, 'auto-rollback/dist/main.mjs', inputs))
    await succeed(start(service, 'auto-rollback/dist/main.mjs', inputs))
    await expectRestored(service)
  })
})
