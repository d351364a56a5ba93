import { DescribeTasksCommand, ListTasksCommand, type Task } from '@aws-sdk/client-ecs'
import type { Ecs } from './ecs-client.ts'

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

  /** Reads the stopped tasks that were not read before. ECS shows a stopped task for an hour. */
  async update(
    ecs: Ecs,
    about: { cluster: string; service: string; deploymentId: string | undefined; taskDefinition: string },
  ): Promise<void> {
    const unread = (await listStoppedTasks(ecs, about.cluster, about.service)).filter((arn) => !this.#seen.has(arn))
    for (let index = 0; index < unread.length; index += BATCH) {
      const tasks = await describeTasks(ecs, about.cluster, unread.slice(index, index + BATCH))
      for (const task of tasks) {
        // STOPPED is its desired status at first; what became of it stands there when it has stopped.
        if (task.taskArn === undefined || task.lastStatus !== 'STOPPED') continue
        this.#seen.add(task.taskArn)
        if (isOfDeployment(task, about) && died(task)) this.#failed.push(task)
      }
    }
    this.#failed.sort((a, b) => (a.stoppedAt?.getTime() ?? 0) - (b.stoppedAt?.getTime() ?? 0))
  }
}

/** The service scheduler starts tasks as its deployment (`startedBy: ecs-svc/…`). */
function isOfDeployment(task: Task, about: { deploymentId: string | undefined; taskDefinition: string }): boolean {
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

async function describeTasks(ecs: Ecs, cluster: string, tasks: readonly string[]): Promise<readonly Task[]> {
  return ecs.caller.call({
    operation: 'ecs:DescribeTasks',
    subject: `stopped tasks in cluster ${cluster}`,
    send: async (abortSignal) => {
      const command = new DescribeTasksCommand({ cluster, tasks: [...tasks] })
      return (await ecs.client.send(command, { abortSignal })).tasks ?? []
    },
  })
}
