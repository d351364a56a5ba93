import { createHash } from 'node:crypto'
import type { Container, Task } from '@aws-sdk/client-ecs'
import { DescribeTasksCommand, ListTasksCommand } from '@aws-sdk/client-ecs'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import type { GitHubRun } from '@deploy-kit/core/github-run'

/** What makes a run findable by any later attempt on any runner. */
export interface RunIdentity {
  readonly key: string
  /** RunTask `startedBy`: up to 128 letters, digits, hyphens, slashes and underscores (ECS API). */
  readonly startedBy: string
}

export function runIdentity(given: string | undefined, run: GitHubRun): RunIdentity {
  const key = given ?? `${run.repository}/${run.runId}/${run.job}/${run.step}`
  return { key, startedBy: `deploy-kit/${sha256(key).slice(0, 40)}` }
}

/**
 * RunTask `clientToken`: up to 64 characters, remembered for the task's life and an hour more, 24 hours at most. Each
 * failed run makes the next token, so that a retry is a new task and two retries at once are one.
 */
export function clientToken(identity: RunIdentity, lastFailedTaskArn: string | undefined): string {
  return sha256(`${identity.key}\n${lastFailedTaskArn ?? ''}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** What earlier attempts with this key left behind, as far as ECS remembers: a stopped task for about an hour. */
export interface EarlierRuns {
  /** Not stopped yet. */
  readonly running: Task | undefined
  readonly succeeded: Task | undefined
  /** The newest of those that failed. */
  readonly failed: Task | undefined
}

export async function findEarlierRuns(
  ecs: Ecs,
  where: { cluster: string; family: string; container: string },
  identity: RunIdentity,
): Promise<EarlierRuns> {
  // ListTasks: startedBy must be the only filter, and lists what is meant to run; stopped ones are found by family.
  const [live, stopped] = await Promise.all([
    listTasks(ecs, { cluster: where.cluster, startedBy: identity.startedBy }),
    listTasks(ecs, { cluster: where.cluster, family: where.family, desiredStatus: 'STOPPED' }),
  ])
  const tasks = (await describeTasks(ecs, where.cluster, [...new Set([...live, ...stopped])]))
    .filter((task) => task.startedBy === identity.startedBy)
    .sort((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))
  const ended = tasks.filter((task) => task.lastStatus === 'STOPPED')
  return {
    running: tasks.find((task) => task.lastStatus !== 'STOPPED'),
    succeeded: ended.find((task) => findContainer(task, where.container)?.exitCode === 0),
    failed: ended.find((task) => findContainer(task, where.container)?.exitCode !== 0),
  }
}

export function findContainer(task: Task, name: string): Container | undefined {
  return task.containers?.find((container) => container.name === name)
}

/** ARNs of all tasks that match, page by page. */
export async function listTasks(
  ecs: Ecs,
  filter: { cluster: string; startedBy?: string; family?: string; desiredStatus?: 'STOPPED' },
): Promise<readonly string[]> {
  const found: string[] = []
  let nextToken: string | undefined
  do {
    const at = nextToken
    const page = await ecs.caller.call({
      operation: 'ecs:ListTasks',
      subject: `cluster ${filter.cluster}`,
      send: (abortSignal) => ecs.client.send(new ListTasksCommand({ ...filter, nextToken: at }), { abortSignal }),
    })
    found.push(...(page.taskArns ?? []))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return found
}

/** DescribeTasks takes 100 at the most. Those that ECS does not (yet) show are not in the answer. */
export async function describeTasks(ecs: Ecs, cluster: string, arns: readonly string[]): Promise<readonly Task[]> {
  const found: Task[] = []
  for (let at = 0; at < arns.length; at += 100) {
    const tasks = arns.slice(at, at + 100)
    const answer = await ecs.caller.call({
      operation: 'ecs:DescribeTasks',
      subject: tasks.length === 1 ? `task ${tasks[0]}` : `${tasks.length} tasks in cluster ${cluster}`,
      send: (abortSignal) => ecs.client.send(new DescribeTasksCommand({ cluster, tasks }), { abortSignal }),
    })
    found.push(...(answer.tasks ?? []))
  }
  return found
}
