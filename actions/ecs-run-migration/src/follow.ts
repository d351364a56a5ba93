import type { Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { ActionError } from '@deploy-kit/core/errors'
import { waitUntil } from '@deploy-kit/core/wait'
import type { TaskLog } from './task-log.ts'
import { describeTasks, exitCodeOf, taskId } from './tasks.ts'

/** How following a task ended, with the task as last seen. */
export interface Followed {
  /** `ended`: its container has, or the task has without it. */
  readonly kind: 'ended' | 'not-started' | 'timed-out' | 'cancelled'
  readonly task: Task | undefined
}

export interface FollowOptions {
  readonly cluster: string
  readonly taskArn: string
  readonly container: string
  /** From now; a task that has not started by then is `not-started`. */
  readonly startWithinMs: number
  readonly everyMs: number
  readonly deadline: Deadline
  readonly log: TaskLog | undefined
}

/** Watches the task until its container has ended, streaming its log. */
export async function followTask(ecs: Ecs, options: FollowOptions, context: ActionContext): Promise<Followed> {
  const { deadline, log } = options
  const startBy = deadline.elapsedMs() + options.startWithinMs
  let last: Task | undefined
  const look = async (signal: AbortSignal) => {
    const [task] = await describeTasks(ecs, options.cluster, [options.taskArn])
    last = task ?? last
    const ended = last !== undefined && hasEnded(last, options.container)
    // The rest of the log is read once the end is known, so that a log that cannot be read does not hold it up.
    if (!ended) await log?.readOn(signal)
    const late = !hasStarted(last) && deadline.elapsedMs() >= startBy
    const verdict = ended ? 'pass' : late ? 'stop' : 'pending'
    return { verdict, state: describeState(last, options), value: undefined } as const
  }
  const result = await waitUntil({
    look: (signal) => look(signal).catch((error: unknown) => stillPending(error, deadline, options)),
    timeoutMs: deadline.totalMs,
    deadline,
    everyMs: options.everyMs,
    jitter: 0.1,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  if (result.kind === 'passed') {
    await log?.readToTheEnd(deadline)
    return { kind: 'ended', task: last }
  }
  return { kind: result.kind === 'stopped' ? 'not-started' : result.kind, task: last }
}

/** An answer that did not come by the deadline is the deadline; anything else leaves the task running, and says so. */
function stillPending(error: unknown, deadline: Deadline, { cluster, taskArn }: FollowOptions) {
  if (!(error instanceof ActionError) || error.code === 'cancelled') throw error
  if (error.code === 'unreachable' && deadline.passed()) {
    return { verdict: 'pending', state: 'no answer from ECS', value: undefined } as const
  }
  const follow = `aws ecs describe-tasks --cluster ${cluster} --tasks ${taskArn}`
  throw new ActionError(error.code, `${error.message}\nTask ${taskArn} was started and is left running: ${follow}`, {
    advice: `${error.advice} Run the job again then: it finds the task.`,
    cause: error,
  })
}

function hasStarted(task: Task | undefined): boolean {
  return task?.startedAt !== undefined || task?.lastStatus === 'RUNNING'
}

/** The named container is what counts: a sidecar may go on. */
function hasEnded(task: Task, container: string): boolean {
  return task.lastStatus === 'STOPPED' || exitCodeOf(task, container) !== undefined
}

function describeState(task: Task | undefined, { taskArn }: FollowOptions): string {
  // Right after RunTask, ECS may not know the task yet: it is eventually consistent.
  return `task ${taskId(taskArn)} is ${task?.lastStatus ?? 'not visible yet'}`
}
