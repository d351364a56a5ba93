import { type Container, DescribeTasksCommand, ListTasksCommand, StopTaskCommand, type Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import { Deadline } from '@deploy-kit/core/deadline'
import { type Ecs, ecsWithin } from '@deploy-kit/core/ecs/ecs-client'
import { messageOf } from '@deploy-kit/core/errors'
import { waitUntil } from '@deploy-kit/core/wait'

export function findContainer(task: Task, name: string): Container | undefined {
  return task.containers?.find((container) => container.name === name)
}

/** The exit code of a container that has ended; one that never ran has none. */
export function exitCodeOf(task: Task | undefined, name: string): number | undefined {
  const container = task && findContainer(task, name)
  return container?.lastStatus === 'STOPPED' || task?.lastStatus === 'STOPPED' ? container?.exitCode : undefined
}

/** The id at the end of an ARN. */
export function taskId(taskArn: string): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1)
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

/**
 * Looks at one task until `done` says so.
 *
 * @param limitMs how long at the most
 * @returns the task as last seen and whether `done` did say so
 */
export async function awaitTask(
  ecs: Ecs,
  about: { cluster: string; taskArn: string; limitMs: number; everyMs: number; waitingFor: string },
  done: (task: Task | undefined) => boolean,
  context: ActionContext,
): Promise<{ done: boolean; task: Task | undefined }> {
  const result = await waitUntil({
    look: async () => {
      const [task] = await describeTasks(ecs, about.cluster, [about.taskArn])
      return { verdict: done(task) ? 'pass' : 'pending', state: about.waitingFor, value: task }
    },
    timeoutMs: about.limitMs,
    everyMs: about.everyMs,
    jitter: 0.1,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  return { done: result.kind === 'passed', task: result.last?.value }
}

/** What came of a StopTask: what to tell about it, and the task as ECS saw it then. */
export interface Stop {
  readonly told: string
  readonly task: Task | undefined
}

const STOP_AGAIN_MS = 250

/**
 * Stops the task. Never throws: it is the last thing that is done.
 *
 * @param limitMs for everything; a cancelled step has 5 s
 */
export async function stopTask(
  ecs: Ecs,
  about: { cluster: string; taskArn: string; reason: string; limitMs: number },
  { clock, cleanUpSignal }: ActionContext,
): Promise<Stop> {
  const { cluster, taskArn, reason } = about
  const deadline = new Deadline(about.limitMs, clock)
  const { client, caller } = ecsWithin(ecs, about.limitMs, cleanUpSignal)
  let problem = 'ECS does not show it yet.'
  try {
    while (!deadline.passed() && !cleanUpSignal.aborted) {
      const answer = await caller.call<{ task?: Task | undefined } | 'unknown'>({
        operation: 'ecs:StopTask',
        subject: `task ${taskArn}`,
        send: (abortSignal) => client.send(new StopTaskCommand({ cluster, task: taskArn, reason }), { abortSignal }),
        // "The referenced task was not found." Right after RunTask, ECS may not know it yet: it is eventually consistent.
        recover: (_, code) => (code === 'InvalidParameterException' ? 'unknown' : undefined),
      })
      if (answer !== 'unknown') {
        return { told: 'It was told to stop (SIGTERM, then SIGKILL after its stopTimeout).', task: answer.task }
      }
      await clock.sleep(STOP_AGAIN_MS, cleanUpSignal)
    }
  } catch (error) {
    problem = messageOf(error)
  }
  const byHand = `aws ecs stop-task --cluster ${cluster} --task ${taskArn}`
  return { told: `It could NOT be stopped and may still run: ${problem} Stop it by hand: ${byHand}`, task: undefined }
}
