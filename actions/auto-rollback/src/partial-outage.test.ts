import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import type { MemoryRun } from '@deploy-kit/core/testing/memory-platform'
import { imageOf } from '@deploy-kit/lab/testing/small-world'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GuardedLab, startGuardedLab } from './testing/guarded-lab.ts'

let guarded: GuardedLab

beforeAll(async () => {
  guarded = await startGuardedLab(['deployed', 'untouched', 'flying'])
})
afterEach(() => guarded.lab.faults.clear())
afterAll(() => guarded[Symbol.asyncDispose]())

/** A guard, a deployment, and the post step while ECS fails at everything that it says of service deployments. */
async function restore(services: string, deploy: Record<string, string>): Promise<MemoryRun> {
  const job = guarded.startJob({ services, interval: '1s', timeout: '10m' }, { clock: hurriedClock(20) })
  await job.arm()
  await job.deploy({ image: imageOf('v2'), ...deploy })
  guarded.lab.faults.add({ operation: 'ListServiceDeployments', kind: 'serverError' })
  return await job.post()
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
    expect(guarded.lab.journal.requests('ecs', 'StopServiceDeployment')).toEqual([])
  })
})
