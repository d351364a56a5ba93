import {
  ConflictException,
  type Failure,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
} from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import { Deadline } from '@deploy-kit/core/deadline'
import { type Ecs, ecsWithin } from '@deploy-kit/core/ecs/ecs-client'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { listTasks } from './tasks.ts'

/** `existing`: the token was used before, by another process, for this task. */
export interface RunTaskResult {
  readonly taskArn: string
  readonly existing: boolean
}

interface Answer {
  readonly tasks?: readonly Task[] | undefined
  readonly failures?: readonly Failure[] | undefined
  readonly existing?: string
}

/** After a cancellation 5 s are left, StopTask included: for an answer that is on its way, then for looking for the task. */
const LAST_ANSWER_MS = 2000
const LAST_LOOKS_MS = 1800
const LOOK_EVERY_MS = 200

/**
 * Runs a task once: a request whose answer was lost is sent again with the same token and gets the same task.
 * Whatever ends the attempt, a task that it may have started is looked for, so that it is not left unattended.
 *
 * @param onUnknown called when it ends without knowing whether there is a task
 * @throws {ActionError} refused when ECS answers with failures (HTTP 200 and no task)
 * @throws {CancelledError} when the step is cancelled and no task is known; the message says what is left to look for
 */
export async function runTask(
  ecs: Ecs,
  request: RunTaskCommandInput & { startedBy: string; cluster: string; taskDefinition: string },
  context: ActionContext,
  onUnknown: () => void,
): Promise<RunTaskResult> {
  const command = new RunTaskCommand(request)
  let inFlight: Promise<Answer> | undefined
  let mayHaveStarted = false
  try {
    const answer = await ecs.caller.call<Answer>({
      operation: 'ecs:RunTask',
      subject: `task definition ${request.taskDefinition} in cluster ${request.cluster}`,
      send: (abortSignal) => {
        // When the step is cancelled, a request on its way is not given up: its answer names the task to stop.
        const limit = new AbortController()
        const giveUp = (): void => (context.signal.aborted ? undefined : limit.abort())
        abortSignal.addEventListener('abort', giveUp, { once: true })
        inFlight = ecs.client.send(command, { abortSignal: limit.signal })
        inFlight.catch(() => undefined)
        return inFlight
      },
      recover: recoverConflict,
      onLostAnswer: () => {
        mayHaveStarted = true
      },
    })
    return readAnswer(answer)
  } catch (error) {
    if (!(error instanceof ActionError) || inFlight === undefined) throw error
    if (error.code !== 'cancelled' && !(error.code === 'unreachable' && mayHaveStarted)) throw error
    const lateAnswer = error.code === 'cancelled' ? await answerWithin(inFlight, LAST_ANSWER_MS, context) : undefined
    if (lateAnswer !== undefined) return readAnswer(lateAnswer)
    const found = await findStarted(ecs, request, context)
    if (found !== undefined) return { taskArn: found, existing: false }
    onUnknown()
    throw unknownFate(error, request)
  }
}

/** ConflictException: the token was used with other parameters; its resourceIds are the tasks of that request. */
function recoverConflict(error: unknown): Answer | undefined {
  if (!(error instanceof ConflictException)) return undefined
  const [arn] = error.resourceIds ?? []
  if (arn !== undefined) return { existing: arn }
  throw new ActionError(
    'refused',
    'ECS answered that this run was started before with other parameters, but not which task it is.',
    { advice: 'Look for the task in the cluster; give another idempotency-key to run it anew.', cause: error },
  )
}

function readAnswer(answer: Answer): RunTaskResult {
  if (answer.existing !== undefined) return { taskArn: answer.existing, existing: true }
  const taskArn = answer.tasks?.[0]?.taskArn
  if (taskArn !== undefined) return { taskArn, existing: false }
  const failures = (answer.failures ?? []).map(({ reason, detail, arn }) =>
    [reason, detail, arn].filter(Boolean).join(', '),
  )
  throw new ActionError('refused', `ECS started no task: ${failures.join('; ') || 'it gave no reason'}. Nothing ran.`, {
    advice:
      'Run the job again. If it stays so: RESOURCE:… and AGENT say that no container instance can take the task, so add capacity; where Fargate has none, give subnets in other availability zones.',
  })
}

/** Undefined when it does not come in time, or says that nothing was started. */
async function answerWithin(
  inFlight: Promise<Answer>,
  limitMs: number,
  { clock, cleanUpSignal }: ActionContext,
): Promise<Answer | undefined> {
  const answer = inFlight.catch((error: unknown) => recoverConflict(error)).catch(() => undefined)
  return Promise.race([answer, clock.sleep(limitMs, cleanUpSignal).then(() => undefined)])
}

async function findStarted(
  ecs: Ecs,
  { cluster, startedBy }: { cluster: string; startedBy: string },
  { clock, cleanUpSignal }: ActionContext,
): Promise<string | undefined> {
  const deadline = new Deadline(LAST_LOOKS_MS, clock)
  // More than once: a task that was just started is not listed at once.
  while (!deadline.passed() && !cleanUpSignal.aborted) {
    const briefly = ecsWithin(ecs, deadline.remainingMs(), cleanUpSignal)
    const [found] = await listTasks(briefly, { cluster, startedBy }).catch(() => [])
    if (found !== undefined) return found
    await clock.sleep(LOOK_EVERY_MS, cleanUpSignal)
  }
  return undefined
}

function unknownFate(error: ActionError, { cluster, startedBy }: { cluster: string; startedBy: string }): ActionError {
  const look = `aws ecs list-tasks --cluster ${cluster} --started-by ${startedBy}`
  const left = `RunTask was sent and not answered, and no task of this run is visible. One may still appear: ${look}`
  if (error instanceof CancelledError) return new CancelledError(`Cancelled. ${left}`)
  return new ActionError(error.code, `${error.message} ${left}`, { advice: error.advice, cause: error })
}
