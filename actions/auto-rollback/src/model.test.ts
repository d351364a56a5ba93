import { UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { imageOf } from '@deploy-kit/lab/testing/small-world'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'
import { type GuardedLab, startGuardedLab } from './testing/guarded-lab.ts'

/**
 * What can happen to a service between the guard and the post step. `deploy…` is this job's, `other…` somebody else's;
 * `broken` is a revision that ECS's circuit breaker gives up.
 */
const STEPS = [
  'deploy',
  'deploy without waiting',
  'deploy broken',
  'other deploys',
  'other rolls back',
  'other scales',
] as const
type Step = (typeof STEPS)[number]

/** The same histories in every run; DEPLOY_KIT_HISTORIES asks for more of them. */
const HISTORIES = fc.sample(fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 4 }), {
  seed: 20_260_131,
  numRuns: Number(process.env.DEPLOY_KIT_HISTORIES ?? 12),
})

let guarded: GuardedLab

beforeAll(async () => {
  guarded = await startGuardedLab(
    HISTORIES.map((_, index) => `service-${index}`),
    { timeScale: 0.004 },
  )
}, 120_000)
afterAll(() => guarded[Symbol.asyncDispose]())

/** A job on one service, and what is true of it as far as its history tells. */
class History {
  readonly service: string
  readonly #environment: Record<string, string | undefined>
  readonly #inputs: Record<string, string>
  #images = 0
  /** Who began the newest deployment that ECS did not give up. */
  holder: 'nobody' | 'job' | 'other' = 'nobody'
  jobHasDeployed = false

  constructor(index: number) {
    this.service = `service-${index}`
    this.#environment = {
      ...process.env,
      RUNNER_TEMP: guarded.temporary,
      GITHUB_RUN_ID: String(index + 1),
      GITHUB_JOB: 'deploy',
    }
    this.#inputs = { cluster: 'small', services: this.service, interval: '50ms', timeout: '25s' }
  }

  arm = () => runInMemory(action, { inputs: this.#inputs, environment: this.#environment })

  post = (state: Readonly<Record<string, string>>) =>
    runInMemory(action, { inputs: this.#inputs, environment: this.#environment, phase: 'post', state })

  async perform(step: Step, baseline: string): Promise<void> {
    switch (step) {
      case 'deploy':
      case 'deploy without waiting':
        this.jobHasDeployed = true
        this.holder = 'job'
        await this.#deploy(this.#nextImage(), step === 'deploy')
        return
      case 'deploy broken':
        this.jobHasDeployed = true
        // A revision that is given up leaves what completed before; what was still on its way did not complete.
        await this.settle()
        await this.#deploy(imageOf('broken'), true)
        return
      case 'other deploys':
        this.holder = 'other'
        await guarded.updateByHand(this.service, await guarded.registerRevision(this.service, this.#nextImage()))
        return
      case 'other rolls back':
        this.holder = 'other'
        await guarded.updateByHand(this.service, baseline)
        return
      case 'other scales':
        await guarded.ecs.send(new UpdateServiceCommand({ cluster: 'small', service: this.service, desiredCount: 2 }))
    }
  }

  /** The definition that runs when nothing is on its way any more. */
  async settle(): Promise<string> {
    return (await guarded.settle(this.service)).taskDefinition ?? ''
  }

  #nextImage(): string {
    this.#images += 1
    return imageOf(`v2.${this.#images}`)
  }

  async #deploy(image: string, wait: boolean): Promise<void> {
    const inputs = { ...this.#inputs, image, wait: String(wait) }
    await runInMemory(ecsDeploy, { inputs, environment: this.#environment })
  }
}

describe.concurrent('whatever happens between the guard and the post step', () => {
  it.each(HISTORIES.map((steps, index) => [steps.join(', '), steps, index] as const))('%s', async (_, steps, index) => {
    const history = new History(index)
    const { state, outputs } = await history.arm()
    const baseline =
      (JSON.parse(outputs.baseline ?? '') as { services: { taskDefinition: string }[] }).services[0]?.taskDefinition ??
      ''
    for (const step of steps) await history.perform(step, baseline)
    const run = await history.post(state)
    const after = await history.settle()
    const { outcome } = run.outputs

    // What somebody else deployed after this job is left alone; without a deployment of this job's it counts as its own.
    const isOthers = history.holder === 'other' && history.jobHasDeployed
    const last = steps.findLast((step) => step.startsWith('other') && step !== 'other scales')
    if (isOthers && last === 'other deploys') {
      expect([outcome, after === baseline]).toEqual(['superseded', false])
    } else {
      expect(after).toBe(baseline)
      expect(['rolled-back', 'already-rolled-back', 'not-needed']).toContain(outcome)
    }
    // The outcome says what is true.
    expect(run.outputs['rolled-back']).toBe(String(outcome === 'rolled-back'))
    expect(run.exitCode).toBe(outcome === 'rolled-back' ? 1 : 0)
    if (steps.every((step) => step === 'other scales')) expect(outcome).toBe('not-needed')
  })
})
