import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'

let lab: Lab
let temporary: string

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'partial-outage-'))
  lab = await startLab({ world: smallWorld(['deployed', 'untouched', 'flying']), timeScale: 0.005, throttling: false })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
})
afterEach(() => lab.faults.clear())
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
  await rm(temporary, { recursive: true })
})

/** A guard, a deployment, and the post step while ECS fails at everything that it says of service deployments. */
async function restore(services: string, deploy: Record<string, string>) {
  const environment = { ...process.env, ...lab.environment, RUNNER_TEMP: temporary, GITHUB_RUN_ID: services }
  const clock = hurriedClock(20)
  const inputs = { cluster: 'small', services, interval: '1s', timeout: '10m' }
  const { state } = await runInMemory(action, { inputs, environment, clock })
  await runInMemory(ecsDeploy, { inputs: { ...inputs, image: imageOf('v2'), ...deploy }, environment, clock })
  lab.faults.add({ operation: 'ListServiceDeployments', kind: 'serverError' })
  return await runInMemory(action, { inputs, environment, clock, phase: 'post', state })
}

describe('while ECS does not say which deployments there were', () => {
  it('restores what was deployed, whatever is not known of the others', async () => {
    const run = await restore('deployed, untouched', { services: 'deployed' })
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', 'rolled-back': 'true' })
    expect(run.annotations[0]?.message).toContain('deployed was rolled back from deployed:2 to deployed:1')
    expect(run.summary).toContain('| `untouched` | not-needed |')
  })

  it('replaces a deployment in flight that it cannot stop', async () => {
    const run = await restore('flying', { wait: 'false' })
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', 'rolled-back': 'true' })
    expect(lab.journal.requests('ecs', 'StopServiceDeployment')).toEqual([])
  })
})
