import type { Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import { type Ecs, ecsWithin } from '@deploy-kit/core/ecs/ecs-client'
import type { Followed } from './follow.ts'
import type { Inputs } from './inputs.ts'
import type { Launch } from './launch.ts'
import { type Judgement, judgeEndedTask } from './outcome.ts'
import { describeTasks, exitCodeOf, type Stop, stopTask } from './tasks.ts'

/** A cancelled step has 5 s for its clean-up; after a timeout the same is enough for one call. */
const STOP_MS = 4500
const LAST_LOOK_MS = 2000

export interface Judged extends Judgement {
  /** The task as last seen. */
  readonly task: Task | undefined
}

export interface Case {
  readonly ecs: Ecs
  readonly launch: Launch
  readonly taskArn: string
  readonly inputs: Inputs
  /** Follows the task on until it has ended, as long as the deadline allows. */
  readonly followOn: () => Promise<Followed>
}

/** The outcome, after the task was stopped or left alone as the inputs say. */
export async function judge(about: Case, followed: Followed, context: ActionContext): Promise<Judged> {
  const { launch, inputs } = about
  const { task } = followed
  if (followed.kind === 'ended' && task) {
    const ended = judgeEnded(task, launch)
    const late = context.signal.aborted ? 'Cancelled after the task had ended. ' : ''
    return { ...ended, headline: `${late}${ended.headline}`, task }
  }
  const state = task === undefined ? 'was not visible yet' : `was ${task.lastStatus}`
  if (followed.kind === 'cancelled') {
    const stop = await end(about, inputs.onCancel, 'the job was cancelled', context)
    const exitCode = exitCodeOf(stop.task, launch.container)
    const what = exitCode === undefined ? stop.told : `Its container had exited with ${exitCode} before that.`
    return { outcome: 'cancelled', headline: `Cancelled while the task ${state}. ${what}`, task: stop.task ?? task }
  }
  const notStarted = followed.kind === 'not-started'
  const stop = await end(
    about,
    inputs.onTimeout,
    notStarted ? 'it did not start in time' : 'the step timed out',
    context,
  )
  const endedItself = stop.task?.stopCode !== 'UserInitiated' && exitCodeOf(stop.task, launch.container) !== undefined
  if (stop.task && endedItself) return { ...judgeEnded(stop.task, launch), task: stop.task }
  if (!notStarted) {
    return {
      outcome: 'timed-out',
      headline: `The task ${state} at the deadline. ${stop.told}`,
      task: stop.task ?? task,
    }
  }
  // It may have started between the last look and the stop: what came of that is told as it is.
  const late = inputs.onTimeout === 'stop' && stop.task ? await about.followOn() : undefined
  const exitCode = exitCodeOf(late?.task, launch.container)
  if (late?.task && exitCode !== undefined) return { ...judgeEnded(late.task, launch), task: late.task }
  const headline = `The task did not start within start-timeout: it ${state}. ${stop.told}`
  return { outcome: 'not-started', headline, task: late?.task ?? stop.task ?? task }
}

function judgeEnded(task: Task, { wanted, container }: Launch): Judgement {
  const essential = wanted.containerDefinitions.filter((one) => one.essential !== false).map(({ name }) => name)
  return judgeEndedTask(task, container, essential)
}

/** Stops the task, or lets it go on as asked. */
async function end(about: Case, policy: 'stop' | 'detach', reason: string, context: ActionContext): Promise<Stop> {
  const { ecs, inputs, taskArn } = about
  if (policy === 'detach') {
    const follow = `aws ecs describe-tasks --cluster ${inputs.cluster} --tasks ${taskArn}`
    // It may have ended by itself since the last look.
    const briefly = ecsWithin(ecs, LAST_LOOK_MS, context.cleanUpSignal)
    const [task] = await describeTasks(briefly, inputs.cluster, [taskArn]).catch(() => [])
    return { told: `It goes on, as asked. Follow it with: ${follow}`, task }
  }
  const stop = { cluster: inputs.cluster, taskArn, reason: `deploy-kit: ${reason}`, limitMs: STOP_MS }
  return stopTask(ecs, stop, context)
}
