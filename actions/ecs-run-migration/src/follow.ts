import { StopTaskCommand, type Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { type Ecs, ecsWithin } from '@deploy-kit/core/ecs/ecs-client'
import { messageOf } from '@deploy-kit/core/errors'
import { waitUntil } from '@deploy-kit/core/wait'
import { describeTasks, findContainer } from './idempotency.ts'
import type { Inputs } from './inputs.ts'
import type { TaskLog } from './task-log.ts'

/** How following a task ended, with the task as last seen. */
export interface Followed {
  readonly kind: 'stopped' | 'not-started' | 'timed-out' | 'cancelled'
  readonly task: Task | undefined
}

/** After the task has stopped, the log is read on until no new line has come for this long. */
const QUIET_MS = 2000
const QUIET_LOOKS = 4

/** Watches the task until its container has ended, streaming its log. */
export async function followTask(
  ecs: Ecs,
  about: {
    cluster: string
    taskArn: string
    container: string
    inputs: Inputs
    deadline: Deadline
    log: TaskLog | undefined
  },
  context: ActionContext,
): Promise<Followed> {
  const { inputs, deadline } = about
  let last: Task | undefined
  let startedLate = false
  const startBy = deadline.elapsedMs() + inputs.startTimeout
  const result = await waitUntil({
    look: async (signal) => {
      const [task] = await describeTasks(ecs, about.cluster, [about.taskArn])
      last = task ?? last
      await about.log?.readOn(signal)
      startedLate = !hasStarted(last) && deadline.elapsedMs() >= startBy
      const ended = task !== undefined && hasEnded(task, about.container)
      const verdict = ended ? 'pass' : startedLate ? 'stop' : 'pending'
      return { verdict, state: describeState(task, about), value: undefined }
    },
    timeoutMs: deadline.totalMs,
    deadline,
    everyMs: inputs.interval,
    jitter: 0.1,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  if (result.kind === 'passed') {
    await readToTheEnd(about.log, context)
    return { kind: 'stopped', task: last }
  }
  return { kind: result.kind === 'stopped' ? 'not-started' : result.kind, task: last }
}

function hasStarted(task: Task | undefined): boolean {
  return task?.startedAt !== undefined || task?.lastStatus === 'RUNNING'
}

/** The named container is what counts: a sidecar may go on. */
function hasEnded(task: Task, container: string): boolean {
  const named = findContainer(task, container)
  return task.lastStatus === 'STOPPED' || (named?.lastStatus === 'STOPPED' && named.exitCode !== undefined)
}

function describeState(task: Task | undefined, about: { taskArn: string; container: string }): string {
  const id = about.taskArn.slice(about.taskArn.lastIndexOf('/') + 1)
  // Right after RunTask, ECS may not know the task yet: it is eventually consistent.
  return task === undefined ? `task ${id} is not visible yet` : `task ${id} is ${task.lastStatus}`
}

async function readToTheEnd(log: TaskLog | undefined, context: ActionContext): Promise<void> {
  let quiet = 0
  while (log !== undefined && quiet < QUIET_LOOKS && !context.signal.aborted) {
    quiet = (await log.readOn(context.signal)) > 0 ? 0 : quiet + 1
    if (quiet < QUIET_LOOKS) await context.clock.sleep(QUIET_MS / (QUIET_LOOKS - 1), context.signal)
  }
}

/** Stops the task; returns what to tell about it. Never throws: it is the last thing that is done. */
export async function stopTask(
  ecs: Ecs,
  about: { cluster: string; taskArn: string; reason: string },
  context: ActionContext,
): Promise<string> {
  // A cancelled step has 5 s left; after a timeout the same is enough for one call.
  const cleanUp = ecsWithin(ecs, 4500, context.cleanUpSignal)
  try {
    await cleanUp.caller.call({
      operation: 'ecs:StopTask',
      subject: `task ${about.taskArn}`,
      send: (abortSignal) =>
        cleanUp.client.send(
          new StopTaskCommand({ cluster: about.cluster, task: about.taskArn, reason: about.reason }),
          { abortSignal },
        ),
    })
    return 'It was told to stop (SIGTERM, then SIGKILL after its stopTimeout).'
  } catch (error) {
    return `It could NOT be stopped and may still run: ${messageOf(error)} Stop it by hand: aws ecs stop-task --cluster ${about.cluster} --task ${about.taskArn}`
  }
}
