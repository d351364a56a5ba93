import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { seededRandom } from '@deploy-kit/lab/seeded-random'
import { imageOf } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'
import { type GuardedLab, startGuardedLab } from './testing/guarded-lab.ts'

/** `npx --yes pnpm@12 soak` runs hundreds. */
const SEEDS = Number(process.env.SOAK_SEEDS ?? 60)
const FIRST_SEED = Number(process.env.SOAK_FIRST_SEED ?? 1)
/** So many seeds have a service of their own: its stopped tasks and revisions pile up, and every run reads them. */
const SEEDS_A_SERVICE = 5
const TASKS = 2

const KINDS = ['throttle', 'serverError', 'resetBefore', 'resetAfter', 'slow', 'noAnswer'] as const
const OPERATIONS = [
  ...['DescribeServices', 'DescribeServices', 'DescribeTaskDefinition', 'ListTaskDefinitions', 'ListTasks'],
  ...['DescribeTasks', 'RegisterTaskDefinition', 'RegisterTaskDefinition', 'UpdateService', 'UpdateService'],
  ...['StopServiceDeployment', 'ListServiceDeployments', 'DescribeServiceDeployments', 'DescribeServiceRevisions'],
  ...['TagResource', 'ListTagsForResource'],
] as const

const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index)
const serviceOf = (seed: number): string => `service-${Math.floor((seed - FIRST_SEED) / SEEDS_A_SERVICE)}`
const clock = hurriedClock(100)

let guarded: GuardedLab

beforeAll(async () => {
  const services = [...new Set(seeds.map(serviceOf))].map((name) => ({ name, desiredCount: TASKS }))
  guarded = await startGuardedLab(services, { timeScale: 0.001 })
})
afterAll(() => guarded[Symbol.asyncDispose]())

/** Up to six requests fail, the first of their kind more often than later ones. */
function addFaults(random: () => number): void {
  guarded.lab.faults.clear()
  for (let left = Math.floor(random() * 7); left > 0; left -= 1) {
    const kind = pick(KINDS, random)
    const call = 1 + Math.floor(random() * random() * 5)
    const ms = 5 + random() * 40
    guarded.lab.faults.add({
      service: 'ecs',
      operation: pick(OPERATIONS, random),
      call,
      kind,
      ...(kind === 'slow' && { ms }),
    })
  }
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}

/** The job of one seed, and what comes after a runner that died. */
function startJob(seed: number) {
  const environment = {
    ...process.env,
    RUNNER_TEMP: guarded.temporary,
    GITHUB_RUN_ID: String(seed),
    GITHUB_JOB: 'deploy',
  }
  const inputs = { cluster: 'small', services: serviceOf(seed), interval: '1s', timeout: '60m' }
  return {
    arm: () => runInMemory(action, { inputs: { ...inputs, persist: 'tag' }, environment, clock }),
    deploy: (more: Record<string, string>, signal: AbortSignal) =>
      runInMemory(ecsDeploy, { inputs: { ...inputs, ...more }, environment, clock, signal }),
    post: (state: MemoryRun['state']) => runInMemory(action, { inputs, environment, clock, phase: 'post', state }),
    async cleanUp() {
      const event = join(guarded.temporary, `${seed}.json`)
      await writeFile(event, JSON.stringify({ workflow_run: { id: seed } }))
      const other = { ...environment, RUNNER_TEMP: join(guarded.temporary, 'other'), GITHUB_RUN_ID: `${seed}00` }
      return runInMemory(action, {
        inputs: { ...inputs, mode: 'rollback' },
        environment: { ...other, GITHUB_EVENT_NAME: 'workflow_run', GITHUB_EVENT_PATH: event },
        clock,
      })
    },
    /** ecs-deploy came as far as its request. */
    hasAsked: () => existsSync(join(guarded.temporary, 'deploy-kit', `ecs-${seed}-1-deploy.jsonl`)),
  }
}

const baselineOf = ({ outputs }: MemoryRun): string =>
  (JSON.parse(outputs.baseline ?? '') as { services: { taskDefinition: string }[] }).services[0]?.taskDefinition ?? ''

test.each(seeds)('whatever fails, the release is undone and what is said is true: seed %i', async (seed) => {
  const random = seededRandom(seed)
  const service = serviceOf(seed)
  const job = startJob(seed)
  const isBroken = random() < 0.3
  const way = pick(['waits', 'waits', 'does not wait', 'is cancelled'] as const, random)
  const other = pick(['nobody', 'nobody', 'nobody', 'deploys', 'rolls back'] as const, random)
  const runnerDies = other === 'nobody' && random() < 0.4

  addFaults(random)
  const armed = await job.arm()
  expect(armed.outputs.outcome).toBe('armed')
  const baseline = baselineOf(armed)

  addFaults(random)
  const cancel = new AbortController()
  const timer = way === 'is cancelled' ? setTimeout(() => cancel.abort(), random() * 150) : undefined
  const image = imageOf(isBroken ? 'broken' : `v-${seed}`)
  const more = { image, wait: String(way !== 'does not wait'), 'max-failed-tasks': '99' }
  const deployed = await job.deploy(more, cancel.signal)
  clearTimeout(timer)
  guarded.lab.faults.clear()
  const outcome = way !== 'does not wait' && isBroken ? 'rolled-back' : 'deployed'
  expect(way === 'is cancelled' ? [outcome, 'cancelled'] : [outcome]).toContain(deployed.outputs.outcome)
  expect(deployed.exitCode).toBe(deployed.outputs.outcome === 'deployed' ? 0 : 1)

  const theirs = other === 'deploys' ? await guarded.registerRevision(service, imageOf(`v-${seed}-theirs`)) : undefined
  if (other !== 'nobody') await guarded.updateByHand(service, theirs ?? baseline)

  // A step that was cancelled may have been about to ask.
  const hadAsked = job.hasAsked()
  addFaults(random)
  const end = await (runnerDies ? job.cleanUp() : job.post(armed.state))
  guarded.lab.faults.clear()
  const after = await guarded.settle(service)
  expect(after.runningCount).toBe(TASKS)

  const hasAsked = job.hasAsked()
  // What a cancelled step was writing down is written while the post step runs, in this process; a real one has ended.
  const isLeftAlone = theirs !== undefined && (hadAsked === hasAsked ? hasAsked : after.taskDefinition === theirs)
  expect(after.taskDefinition).toBe(isLeftAlone ? theirs : baseline)
  expect(possibleEnds()).toContain(end.outputs.outcome)
  expect(end.outputs['rolled-back']).toBe(String(end.outputs.outcome === 'rolled-back'))
  expect(end.exitCode).toBe(end.outputs.outcome === 'rolled-back' ? 1 : 0)

  function possibleEnds(): readonly string[] {
    if (isLeftAlone) return ['superseded']
    if (theirs !== undefined) return ['rolled-back']
    if (!hasAsked) return ['not-needed']
    if (deployed.outputs.outcome === 'cancelled') return ['rolled-back', 'already-rolled-back', 'not-needed']
    if (other === 'rolls back' || deployed.outputs.outcome === 'rolled-back') return ['already-rolled-back']
    return isBroken ? ['rolled-back', 'already-rolled-back'] : ['rolled-back']
  }
})
