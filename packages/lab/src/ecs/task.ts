import type { Journal } from '../journal.ts'
import type { Cluster } from './clusters.ts'
import type { Container, HealthStatus } from './container.ts'
import type { CapacityProviderStrategy, NetworkConfiguration } from './input.ts'
import type { Tag } from './tags.ts'
import type { TaskDefinition } from './task-definition.ts'
import type { TaskOverrides } from './task-overrides.ts'

/** (Amazon ECS task lifecycle) */
export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED'

export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'SpotInterruption'

export interface StopCause {
  readonly stopCode: StopCode
  readonly stoppedReason: string
}

/** What a task is asked to be; it does not change. */
export interface TaskPlan {
  readonly id: string
  readonly arn: string
  readonly cluster: Cluster
  readonly definition: TaskDefinition
  readonly group: string
  readonly startedBy: string | undefined
  readonly launchType: 'EC2' | 'FARGATE' | 'EXTERNAL'
  readonly capacityProvider: string | undefined
  readonly capacityProviderStrategy?: CapacityProviderStrategy
  readonly platformVersion: string | undefined
  readonly networkConfiguration: NetworkConfiguration
  readonly overrides: TaskOverrides
  readonly tags: readonly Tag[]
  readonly enableExecuteCommand: boolean
  /** Its address in the cluster, which nothing but the API shows. */
  readonly address: string
  readonly attachmentId: string
}

export interface TaskTimes {
  createdAt: Date
  connectivityAt?: Date
  pullStartedAt?: Date
  pullStoppedAt?: Date
  startedAt?: Date
  stoppingAt?: Date
  executionStoppedAt?: Date
  stoppedAt?: Date
}

/** A task: what it was asked to be and how far it has come. */
export class Task {
  readonly plan: TaskPlan
  readonly times: TaskTimes = { createdAt: new Date() }
  lastStatus: TaskStatus = 'PROVISIONING'
  desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING'
  version = 1
  stopCause: StopCause | undefined
  tags: readonly Tag[]
  containers: readonly Container[] = []
  /** Until then the API does not know the task: eventual consistency. In milliseconds of `performance.now()`. */
  visibleFrom = 0
  readonly #journal: Journal
  readonly #stopping = new AbortController()
  readonly #stopped = Promise.withResolvers<void>()
  readonly #listeners = new Set<() => void>()
  #nextChange = Promise.withResolvers<void>()

  constructor(plan: TaskPlan, journal: Journal) {
    this.plan = plan
    this.tags = plan.tags
    this.#journal = journal
    journal.change('ecs', plan.arn, 'none', this.lastStatus, plan.definition.arn)
  }

  get arn(): string {
    return this.plan.arn
  }

  /** Aborted as soon as the task shall stop. */
  get stopSignal(): AbortSignal {
    return this.#stopping.signal
  }

  get visible(): boolean {
    return performance.now() >= this.visibleFrom
  }

  /** "If all essential containers in the task are reporting as HEALTHY, the task status also reports as HEALTHY." */
  get healthStatus(): HealthStatus {
    const checked = this.containers.filter(({ definition }) => definition.essential && definition.healthCheck)
    const states = checked.map(({ healthStatus }) => healthStatus)
    if (states.length === 0) return 'UNKNOWN'
    if (states.includes('UNHEALTHY')) return 'UNHEALTHY'
    return states.includes('UNKNOWN') ? 'UNKNOWN' : 'HEALTHY'
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  enter(status: TaskStatus, detail = ''): void {
    this.#journal.change('ecs', this.arn, this.lastStatus, status, detail)
    this.lastStatus = status
    this.changed()
  }

  /** The first cause stays. */
  requestStop(cause: StopCause): void {
    if (this.desiredStatus === 'STOPPED') return
    this.desiredStatus = 'STOPPED'
    this.stopCause = cause
    this.#stopping.abort()
    this.changed()
  }

  /** "Every time a task experiences a change …, the version counter is incremented." (Task, version) */
  changed(): void {
    this.version += 1
    for (const listener of this.#listeners) listener()
    this.#nextChange.resolve()
    this.#nextChange = Promise.withResolvers<void>()
  }

  nextChange(): Promise<void> {
    return this.#nextChange.promise
  }

  finish(): void {
    this.times.stoppedAt = new Date()
    this.enter('STOPPED', this.stopCause?.stoppedReason)
    this.#stopped.resolve()
  }

  /** Resolves when the task is STOPPED. */
  stopped(): Promise<void> {
    return this.#stopped.promise
  }
}
