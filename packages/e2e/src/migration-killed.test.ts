import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { ensureReleasedAction } from '@deploy-kit/release/released-action'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReleasedRun, runReleased, startReleased } from './released-run.ts'

/** More requests than a run makes; the last ones are not reached, and then it ends by itself. */
const MOST_CALLS = 26
/** Around RunTask and around the end; `npx --yes pnpm@12 soak` kills at every one. */
const CALLS =
  process.env.SOAK === undefined ? [8, 9, 10, 11, 13] : Array.from({ length: MOST_CALLS }, (_, at) => at + 1)
/** So many lanes at a time; most of their time is spent waiting. */
const AT_ONCE = 5
const ROLE = 'arn:aws:iam::123456789012:role/deploy'

let lab: Lab
let ecs: ECSClient
let folder: string

beforeAll(async () => {
  await ensureReleasedAction('ecs-run-migration')
  folder = await mkdtemp(join(tmpdir(), 'migration-killed-'))
  const world = smallWorld(CALLS.map((call) => `lane-${call}`))
  lab = await startLab({ world: { ...world, roles: [{ arn: ROLE }] }, timeScale: 0.005, throttling: false })
  // The answer of every request is late, so that a process can be killed after the effect and before it knows of it.
  lab.faults.add({ service: 'ecs', kind: 'slow', ms: 40 })
  lab.faults.add({ service: 'logs', kind: 'slow', ms: 40 })
  const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '' } = lab.environment
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = lab.environment
  ecs = new ECSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
}, 120_000)
afterAll(async () => {
  ecs.destroy()
  await lab.close()
  await rm(folder, { recursive: true })
})

/** A migration that writes a row each time it runs; its role session tells its requests from those of other lanes. */
function stepOf(call: number, attempt: number): Parameters<typeof startReleased> {
  const inputs = {
    cluster: 'small',
    service: `lane-${call}`,
    image: imageOf('v2'),
    command: JSON.stringify(['sh', '-c', `echo row >> ${rowsFile(call)}; echo migrated`]),
    interval: '100ms',
    'role-to-assume': ROLE,
    'role-session-name': `lane-${call}`,
  }
  const environment = {
    ...lab.environment,
    GITHUB_REPOSITORY: 'org/ledger',
    GITHUB_RUN_ID: String(9000 + call),
    GITHUB_RUN_ATTEMPT: String(attempt),
    GITHUB_JOB: 'deploy',
    GITHUB_ACTION: 'migrate',
  }
  return ['ecs-run-migration', inputs, { environment }]
}

const rowsFile = (call: number): string => join(folder, String(call))
const requestsOf = (call: number): number =>
  lab.journal.requests().filter(({ caller }) => caller.endsWith(`/lane-${call}`)).length

/** Kills the process with SIGKILL once its n-th request has taken effect and before it has the answer. */
async function killAtCall(call: number): Promise<void> {
  const { process, ended } = await startReleased(...stepOf(call, 1))
  await expect
    .poll(() => requestsOf(call) >= call || process.exitCode !== null, { interval: 3, timeout: 30_000 })
    .toBe(true)
  process.kill('SIGKILL')
  await ended
}

async function killThenRun(call: number): Promise<ReleasedRun> {
  await killAtCall(call)
  return runReleased(...stepOf(call, 2))
}

describe('a migration whose runner dies', () => {
  test('at any of its requests is run once, and the next attempt takes its verdict', async () => {
    const runs: { call: number; run: ReleasedRun }[] = []
    for (let at = 0; at < CALLS.length; at += AT_ONCE) {
      const lanes = CALLS.slice(at, at + AT_ONCE)
      runs.push(...(await Promise.all(lanes.map(async (call) => ({ call, run: await killThenRun(call) })))))
    }
    for (const { call, run } of runs) {
      expect(run.exitCode, `killed at request ${call}\n${run.log}`).toBe(0)
      expect(run.outputs).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' })
      expect(run.log).toContain('migrated')
      expect(await readFile(rowsFile(call), 'utf8'), `killed at request ${call}`).toBe('row\n')
      const { taskDefinitionArns } = await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: `lane-${call}` }))
      expect(taskDefinitionArns, 'the revision that the killed process registered is used').toHaveLength(2)
    }
  }, 300_000)
})
