import { DescribeTasksCommand, ListTasksCommand, type Task } from '@aws-sdk/client-ecs'
import type { Ecs } from './ecs-client.ts'
import type { Change } from './rollout-progress.ts'

/** DescribeTasks takes at most a hundred (ECS API). */
const BATCH = 100

/**
 * The tasks of one deployment that died. They are counted from stopped tasks, because a deployment's own `failedTasks`
 * knows neither those that died after they had run nor, once a task is healthy, any at all.
 */
export class FailedTasks {
  readonly #seen = new Set<string>()
  readonly #failed: Task[] = []

  /** Those found so far, oldest first. */
  list(): readonly Task[] {
    return this.#failed
  }

  /** The stopped tasks that were not read before. ECS shows a stopped task for an hour. */
  async listUnread(ecs: Ecs, cluster: string, service: string): Promise<readonly string[]> {
    return (await listStoppedTasks(ecs, cluster, service)).filter((arn) => !this.#seen.has(arn))
  }

  /** Takes those of the deployment that died; `tasks` are described ones, also of other services. */
  take(tasks: readonly Task[], about: Pick<Change, 'deploymentId' | 'service' | 'taskDefinition'>): void {
    // The group of a task that a service started (ECS API, Task, `group`).
    const own = `service:${about.service}`
    for (const task of tasks) {
      // STOPPED is its desired status at first; what became of it stands there when it has stopped.
      if (task.taskArn === undefined || task.lastStatus !== 'STOPPED' || this.#seen.has(task.taskArn)) continue
      if ((task.group ?? own) !== own) continue
      this.#seen.add(task.taskArn)
      if (isOfDeployment(task, about) && died(task)) this.#failed.push(task)
    }
    this.#failed.sort((a, b) => (a.stoppedAt?.getTime() ?? 0) - (b.stoppedAt?.getTime() ?? 0))
  }
}

/** The service scheduler starts tasks as its deployment (`startedBy: ecs-svc/…`). */
function isOfDeployment(task: Task, about: Pick<Change, 'deploymentId' | 'taskDefinition'>): boolean {
  if (about.deploymentId !== undefined && task.startedBy?.startsWith('ecs-svc/')) {
    return task.startedBy === about.deploymentId
  }
  return task.taskDefinitionArn === about.taskDefinition
}

/** Died, and was not stopped by a person, by scaling in, or because AWS took the machine back. */
export function died(task: Task): boolean {
  switch (task.stopCode) {
    case 'UserInitiated':
    case 'SpotInterruption':
    case 'TerminationNotice':
      return false
    case 'ServiceSchedulerInitiated':
      // The scheduler stops tasks that fail health checks, and those that it no longer needs.
      return /health check|unhealthy/i.test(task.stoppedReason ?? '')
    default:
      return true
  }
}

export async function listStoppedTasks(ecs: Ecs, cluster: string, service: string): Promise<readonly string[]> {
  const arns: string[] = []
  let nextToken: string | undefined
  do {
    const answer = await ecs.caller.call({
      operation: 'ecs:ListTasks',
      subject: `service ${service} in cluster ${cluster}`,
      send: (abortSignal) =>
        ecs.client.send(
          new ListTasksCommand({
            cluster,
            serviceName: service,
            desiredStatus: 'STOPPED',
            ...(nextToken !== undefined && { nextToken }),
          }),
          { abortSignal },
        ),
    })
    arns.push(...(answer.taskArns ?? []))
    nextToken = answer.nextToken
  } while (nextToken !== undefined)
  return arns
}

/** Tasks of one cluster, whatever services they are of: a hundred to a request. */
export async function describeTasks(ecs: Ecs, cluster: string, arns: readonly string[]): Promise<readonly Task[]> {
  const found: Task[] = []
  for (let index = 0; index < arns.length; index += BATCH) {
    const tasks = arns.slice(index, index + BATCH)
    const batch = await ecs.caller.call({
      operation: 'ecs:DescribeTasks',
      subject: `stopped tasks in cluster ${cluster}`,
      send: async (abortSignal) => {
        const command = new DescribeTasksCommand({ cluster, tasks })
        return (await ecs.client.send(command, { abortSignal })).tasks ?? []
      },
    })
    found.push(...batch)
  }
  return found
}
