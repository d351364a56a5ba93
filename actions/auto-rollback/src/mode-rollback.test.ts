import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MemoryRun } from '@deploy-kit/core/testing/memory-platform'
import { imageOf } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { arnOf, type GuardedLab, startGuardedLab } from './testing/guarded-lab.ts'

let guarded: GuardedLab

beforeAll(async () => {
  guarded = await startGuardedLab([
    'clicked',
    'tagged',
    'untagged',
    'died',
    'worse',
    { name: 'doomed', breaker: false },
  ])
})
afterAll(() => guarded[Symbol.asyncDispose]())

describe.concurrent('mode rollback', () => {
  it('goes to the last revision that was steady, not to revision minus one, and may exit 0', async () => {
    const job = guarded.startJob({ services: 'clicked' })
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
    const job = guarded.startJob({ services: 'tagged', persist: 'tag' })
    expect((await job.arm()).annotations).toEqual([])
    await job.deploy({ image: imageOf('v2') })
    const other = guarded.startJob({})
    const half = await other.step({ mode: 'rollback', services: 'tagged, untagged' })
    expect(half).toMatchObject({ exitCode: 1, outputs: { outcome: 'failed' } })
    expect(half.annotations[0]?.message).toMatch(/No guard has left a baseline on untagged\..*\n.*Nothing was changed/)
    const run = await other.step({ mode: 'rollback', services: 'tagged' })
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('tagged:1') })
    expect(run.exitCode).toBe(1)
  })

  it('cleans up after a run that died, and only after that one', async () => {
    const job = guarded.startJob({ services: 'died', persist: 'tag' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    const event = join(guarded.temporary, 'event.json')
    const cleanUp = async (runId: string): Promise<MemoryRun> => {
      await writeFile(event, JSON.stringify({ workflow_run: { id: Number(runId) } }))
      const environment = { GITHUB_EVENT_NAME: 'workflow_run', GITHUB_EVENT_PATH: event }
      return await guarded.startJob({}, { environment }).step({ mode: 'rollback', services: 'died' })
    }
    expect((await cleanUp('999')).outputs).toMatchObject({ outcome: 'not-needed' })
    expect(await guarded.readSteady('died')).toBe(arnOf('died:2'))
    expect((await cleanUp(job.runId)).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('died:1') })
  })

  it('fails when the revision that is restored does not start', async () => {
    const broken = await guarded.registerRevision('worse', imageOf('broken'))
    const run = await guarded.startJob({}).step({ mode: 'rollback', services: 'worse', to: broken })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.outcome).toBe('failed')
    expect(run.annotations[0]?.message).toMatch(
      /worse could not be restored to worse:2: .*circuit breaker.*The container app exited with code 1/,
    )
  })

  it('says why tasks die although no circuit breaker ends the deployment', async () => {
    const broken = await guarded.registerRevision('doomed', imageOf('gone'))
    const deaths = () =>
      guarded.lab.journal
        .requests('ecs', 'DescribeTasks')
        .filter(({ outcome }) => JSON.stringify(outcome).includes(broken))
    const abort = new AbortController()
    const restoring = guarded.startJob({}).step({ mode: 'rollback', services: 'doomed', to: broken }, abort.signal)
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
