import { AwsError, type Call, type Output } from '../service.ts'
import { ecsArn } from './arns.ts'
import { type Cluster, type ClusterCounts, checkCluster } from './clusters.ts'
import { Container } from './container.ts'
import type { Identifiers } from './identifiers.ts'
import { resourceTagKeys } from './tags.ts'
import { Task, type TaskPlan } from './task.ts'
import { describeTask } from './task-description.ts'
import { liveTask, type TaskTraffic } from './task-life.ts'
import type { Host } from './task-start.ts'

/** What a caller decides of a task; the rest is made here. */
export type TaskRequest = Omit<TaskPlan, 'id' | 'arn' | 'address' | 'attachmentId'>

/** (API failure reasons) */
export const capacityReason =
  'Capacity is unavailable at this time. Please try again later or in a different availability zone'

const noTraffic: TaskTraffic = { register() {}, async deregister() {} }

export interface TasksOptions {
  readonly host: Host
  readonly identifiers: Identifiers
  /** How long the API does not know a task that RunTask has just answered, in AWS seconds. */
  readonly visibilityDelaySeconds: number
}

/** "Currently, stopped tasks appear in the returned results for at least one hour." (DescribeTasks) Not scaled. */
const stoppedTaskMs = 3_600_000

/** All tasks of the account, of services and alone. */
export class Tasks {
  /** How many tasks the account has room for; more are refused as capacity that is not there. */
  capacity = Number.POSITIVE_INFINITY
  readonly #options: TasksOptions
  readonly #byArn = new Map<string, Task>()
  readonly #lives = new Set<Promise<void>>()
  #closed = false
  #addresses = 0

  constructor(options: TasksOptions) {
    this.#options = options
  }

  all(): readonly Task[] {
    return [...this.#byArn.values()]
  }

  withArn(arn: string): Task | undefined {
    return this.#byArn.get(arn)
  }

  /** By ID or ARN, in the cluster. */
  find(cluster: Cluster, reference: string): Task | undefined {
    return this.#byArn.get(this.arnOf(cluster, reference))
  }

  /** @throws AwsError InvalidParameterException for an ARN of another cluster */
  arnOf(cluster: Cluster, reference: string): string {
    checkCluster(cluster, reference)
    return reference.startsWith('arn:')
      ? reference
      : ecsArn(this.#options.host.context, 'task', cluster.name, reference)
  }

  hasRoom(): boolean {
    return this.all().filter(({ lastStatus }) => lastStatus !== 'STOPPED').length < this.capacity
  }

  /** Makes a task and lets it live. */
  launch(request: TaskRequest, traffic: TaskTraffic = noTraffic): Task {
    if (this.#closed) throw new AwsError('ServerException', 'The lab is closing; no task is started any more.', 500)
    const { host, identifiers } = this.#options
    const { context } = host
    const id = identifiers.task()
    const arn = ecsArn(context, 'task', request.cluster.name, id)
    const task = new Task(
      { ...request, id, arn, address: this.#nextAddress(), attachmentId: identifiers.uuid() },
      context.journal,
    )
    task.containers = request.definition.content.containerDefinitions.map((definition) => {
      const uuid = identifiers.uuid()
      const containerArn = ecsArn(context, 'container', request.cluster.name, id, uuid)
      const identity = { arn: containerArn, runtimeId: `${id}-${uuid.slice(-10)}`, definition }
      return new Container(identity, host.keeper, () => task.changed())
    })
    task.visibleFrom = performance.now() + context.clock.scaledMs(this.#options.visibilityDelaySeconds)
    this.#byArn.set(arn, task)
    const life = liveTask(task, host, traffic).finally(() => this.#lives.delete(life))
    this.#lives.add(life)
    return task
  }

  count(cluster: Cluster): Omit<ClusterCounts, 'activeServicesCount'> {
    const of = (...statuses: readonly Task['lastStatus'][]) =>
      this.all().filter(({ plan, lastStatus }) => plan.cluster === cluster && statuses.includes(lastStatus)).length
    return { runningTasksCount: of('RUNNING'), pendingTasksCount: of('PROVISIONING', 'PENDING', 'ACTIVATING') }
  }

  /** Forgets tasks that stopped at least an hour ago, and returns what is known. */
  remembered(): readonly Task[] {
    const oldest = Date.now() - stoppedTaskMs
    for (const [arn, { times }] of this.#byArn) {
      if (times.stoppedAt !== undefined && times.stoppedAt.getTime() < oldest) this.#byArn.delete(arn)
    }
    return this.all()
  }

  /** (Amazon ECS clusters for Fargate: handling Fargate Spot termination notices) */
  interruptSpot(): void {
    const cause = { stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' } as const
    for (const task of this.all()) if (task.plan.capacityProvider === 'FARGATE_SPOT') task.requestStop(cause)
  }

  /** As if an hour had gone by. */
  forgetStopped(): void {
    for (const [arn, { lastStatus }] of this.#byArn) if (lastStatus === 'STOPPED') this.#byArn.delete(arn)
  }

  /** Kills every process; resolves when all tasks have stopped. */
  async close(): Promise<void> {
    this.#closed = true
    for (const task of this.all()) {
      task.requestStop({ stopCode: 'UserInitiated', stoppedReason: 'The lab was closed' })
      for (const container of task.containers) container.kill()
    }
    await Promise.all(this.#lives)
  }

  #nextAddress(): string {
    this.#addresses += 1
    return `10.0.${Math.floor(this.#addresses / 250) % 250}.${(this.#addresses % 250) + 4}`
  }
}

/** Condition keys for a task, as the service authorization reference lists them for ECS. */
export function authorizeTask(call: Call, action: string, arn: string, cluster: Cluster, task: Task | undefined): void {
  call.authorize(action, arn, { 'ecs:cluster': cluster.arn, ...resourceTagKeys(task?.tags ?? []) })
}

/** @throws AwsError InvalidParameterException when the API does not know the task */
export function findVisible(tasks: Tasks, cluster: Cluster, reference: string): Task {
  const task = tasks.find(cluster, reference)
  if (!task?.visible) throw new AwsError('InvalidParameterException', 'The referenced task was not found.')
  return task
}

export function describeTasks(tasks: readonly Task[], tags: boolean): readonly Output[] {
  return tasks.map((task) => describeTask(task, { tags }))
}
