import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { action } from './action.ts'

/** A request may still be on its way when its step has ended: each test has a service of its own. */
const requestsFor = (service: string) =>
  lab.journal
    .requests('ecs', 'UpdateService')
    .filter(({ input }) => (input as { service?: string }).service === service)

let lab: Lab

beforeAll(async () => {
  lab = await startLab({
    world: smallWorld(['late-true', 'late-false', 'cancelled-true', 'cancelled-false', 'api']),
    timeScale: 0.005,
  })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  lab.faults.add({ operation: 'UpdateService', kind: 'serverError' })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
})

function deploy(inputs: Record<string, string>, signal?: AbortSignal): Promise<MemoryRun> {
  return runInMemory(action, {
    inputs: { cluster: 'small', image: imageOf('v2'), ...inputs },
    environment: { ...process.env, ...lab.environment },
    clock: hurriedClock(20),
    ...(signal && { signal }),
  })
}

describe.each(['true', 'false'])('when ECS does not take the request (wait: %s)', (wait) => {
  it('is timed out, and says that it is not known to have been requested, and why', async () => {
    const run = await deploy({ services: `late-${wait}, api`, wait, timeout: '30s' })
    expect(run.outputs.outcome).toBe('timed-out')
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/ECS did not answer the request for late-.* in time/)
    expect(run.annotations[0]?.message).not.toContain('goes on in ECS')
    expect(run.summary).toContain('InternalFailure')
  })

  it('is cancelled by a signal, and says so', async () => {
    const service = `cancelled-${wait}`
    const abort = new AbortController()
    const running = deploy({ services: `${service}, api`, wait }, abort.signal)
    await expect.poll(() => requestsFor(service).length, { interval: 5 }).toBeGreaterThan(0)
    abort.abort()
    const run = await running
    expect(run.outputs.outcome).toBe('cancelled')
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/Cancelled before ECS had answered the request for cancelled-/)
  })
})
