import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type Service,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import type { Clock } from '@deploy-kit/core/clock'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, type SmallService, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { expect, vi } from 'vitest'
import { action as ecsDeploy } from '../../../ecs-deploy/src/action.ts'
import { action } from '../action.ts'

type Inputs = Readonly<Record<string, string>>

/** A job with a guard: its steps, and what its post step says. Inputs of a step go before those of the guard. */
export interface GuardedJob {
  readonly runId: string
  arm(): Promise<MemoryRun>
  deploy(inputs: Inputs): Promise<MemoryRun>
  post(inputs?: Inputs): Promise<MemoryRun>
  /** Another step of the action, with nothing of the guard's. */
  step(inputs: Inputs, signal?: AbortSignal): Promise<MemoryRun>
}

/** A lab with services of the small world, and jobs that deploy to them. */
export class GuardedLab implements AsyncDisposable {
  readonly lab: Lab
  readonly ecs = new ECSClient()
  /** RUNNER_TEMP of all jobs. */
  readonly temporary: string
  #jobs = 0

  constructor(lab: Lab, temporary: string) {
    this.lab = lab
    this.temporary = temporary
  }

  async [Symbol.asyncDispose](): Promise<void> {
    vi.unstubAllEnvs()
    this.ecs.destroy()
    await this.lab.close()
    await rm(this.temporary, { recursive: true })
  }

  /** @param more.runId of a job that has another guard already */
  startJob(
    inputs: Inputs,
    more: { clock?: Clock; runId?: string; environment?: Readonly<Record<string, string>> } = {},
  ): GuardedJob {
    this.#jobs += 1
    const { clock, runId = String(this.#jobs) } = more
    const job = { RUNNER_TEMP: this.temporary, GITHUB_RUN_ID: runId, GITHUB_JOB: 'deploy' }
    const environment = { ...process.env, ...job, ...more.environment }
    const common = { cluster: 'small', interval: '50ms', timeout: '20s' }
    const guard = { ...common, ...inputs }
    const options = { environment, ...(clock && { clock }) }
    let state: MemoryRun['state'] = {}
    return {
      runId,
      async arm() {
        const run = await runInMemory(action, { inputs: guard, ...options })
        state = run.state
        return run
      },
      deploy: (more) => {
        const { interval, timeout, services = '', 'role-to-assume': role = '' } = guard as Inputs
        const own = {
          cluster: 'small',
          interval: interval ?? '',
          timeout: timeout ?? '',
          services,
          'role-to-assume': role,
        }
        return runInMemory(ecsDeploy, { inputs: { ...own, ...more }, ...options })
      },
      post: (more = {}) => runInMemory(action, { inputs: { ...guard, ...more }, ...options, phase: 'post', state }),
      step: (more, signal) =>
        runInMemory(action, { inputs: { ...common, ...more }, ...options, ...(signal && { signal }) }),
    }
  }

  async describeService(name: string): Promise<Service> {
    const { services = [] } = await this.ecs.send(new DescribeServicesCommand({ cluster: 'small', services: [name] }))
    return services[0] as Service
  }

  /** The service once nothing is on its way any more and all of its tasks run. */
  settle(name: string): Promise<Service> {
    const settled = async (): Promise<Service> => {
      const service = await this.describeService(name)
      expect(service.deployments?.map(({ rolloutState }) => rolloutState)).toEqual(['COMPLETED'])
      expect(service.runningCount).toBe(service.desiredCount)
      return service
    }
    return vi.waitFor(settled, { interval: 5, timeout: 20_000 })
  }

  /** What a service runs, when nothing else is on its way. */
  async readSteady(name: string): Promise<string | undefined> {
    const { deployments = [] } = await this.describeService(name)
    const [only] = deployments
    return deployments.length === 1 && only?.rolloutState === 'COMPLETED' ? only.taskDefinition : undefined
  }

  /** Registers another revision without deploying it. */
  async registerRevision(family: string, image = imageOf('v2')): Promise<string> {
    const { taskDefinition } = await this.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family }))
    const { networkMode, cpu, memory, executionRoleArn, requiresCompatibilities } = taskDefinition ?? {}
    const containerDefinitions = taskDefinition?.containerDefinitions?.map((container) => ({ ...container, image }))
    const input = { family, networkMode, cpu, memory, executionRoleArn, requiresCompatibilities, containerDefinitions }
    const answer = await this.ecs.send(new RegisterTaskDefinitionCommand(input))
    return answer.taskDefinition?.taskDefinitionArn ?? ''
  }

  /** Somebody else deploys, with the AWS CLI. */
  async updateByHand(service: string, taskDefinition: string): Promise<void> {
    await this.ecs.send(new UpdateServiceCommand({ cluster: 'small', service, taskDefinition }))
  }

  updatesOf(service: string): readonly string[] {
    return this.lab.journal
      .requests('ecs', 'UpdateService')
      .map((request) => (request.input as { service: string }).service)
      .filter((name) => name.startsWith(service))
  }
}

export const arnOf = (definition: string): string =>
  `arn:aws:ecs:eu-central-1:123456789012:task-definition/${definition}`

export async function startGuardedLab(
  services: readonly (string | SmallService)[],
  options: Omit<Parameters<typeof startLab>[0], 'world'> = {},
): Promise<GuardedLab> {
  const temporary = await mkdtemp(join(tmpdir(), 'auto-rollback-'))
  const lab = await startLab({ world: smallWorld(services), timeScale: 0.005, throttling: false, ...options })
  // The SDK reads endpoint and keys from the process itself.
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  return new GuardedLab(lab, temporary)
}
