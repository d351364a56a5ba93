import { randomUUID } from 'node:crypto'
import type { Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { ensureTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { type RunState, stateOf } from './earlier-runs.ts'
import { clientToken, type RunIdentity } from './idempotency.ts'
import { type Inputs, pauseBetweenLooks } from './inputs.ts'
import type { Launch } from './launch.ts'
import { runTask } from './run-task.ts'
import { awaitTask, taskId } from './tasks.ts'

/** The task that is followed. */
export interface Started {
  readonly taskArn: string
  /** An earlier attempt, on this runner or another, had started it. */
  readonly reattached: boolean
}

export interface Start {
  readonly ecs: Ecs
  readonly launch: Launch
  /** Tasks of this key that ECS shows, newest first. */
  readonly own: readonly Task[]
  readonly identity: RunIdentity
  readonly inputs: Inputs
  /** Milliseconds left to the step's deadline. */
  readonly remainingMs: () => number
  /** Called when a task was asked for and it is not known whether there is one. */
  readonly onUnknown: () => void
}

/**
 * The one task of this key: one that runs or has succeeded, else a new one. What ECS's lists do not show yet, RunTask's
 * client token still finds.
 *
 * @throws {ActionError} wrong-state where it cannot be known whether the migration has run: it is not run then
 */
export async function startOrFind(start: Start, context: ActionContext): Promise<Started> {
  const { launch, identity } = start
  let known = start.own
  while (true) {
    const found = await settle(known, start, context)
    if (found.task !== undefined) return reattach(found.task, found.state, start, context)
    const { failed } = found
    if (failed !== undefined) context.log.info(`The task of an earlier attempt failed (${failed}); running it again.`)
    const result = await runTask(start.ecs, await request(start, failed, context), context, start.onUnknown)
    if (!result.existing) return { taskArn: result.taskArn, reattached: false }
    context.setOutput('task-arn', result.taskArn)
    context.log.info(
      `ECS knows this run already: an earlier attempt with key ${identity.key} started ${result.taskArn}.`,
    )
    const task = await untilVisible(result.taskArn, start, context)
    // Whoever follows it is cancelled, too, and stops it or leaves it as the inputs say.
    if (task === undefined) return { taskArn: result.taskArn, reattached: true }
    // A task that is the token's own cannot be the one that the token was made from: each round is a step further.
    known = [task, ...known]
    context.log.debug(`${result.taskArn} is ${stateOf(task, launch.container)}`)
  }
}

type Settled = { task: Task; state: RunState; failed?: never } | { task?: never; failed: string | undefined }

/** What is decided about the tasks that are known, after those that are being stopped have ended. */
async function settle(known: readonly Task[], start: Start, context: ActionContext): Promise<Settled> {
  const { container } = start.launch
  const ended = await Promise.all(
    known.map((task) => (stateOf(task, container) === 'ending' ? untilEnded(task, start, context) : task)),
  )
  const inState = (state: RunState): Task | undefined => ended.find((task) => stateOf(task, container) === state)
  const found = inState('running') ?? inState('succeeded')
  if (found !== undefined) return { task: found, state: stateOf(found, container) }
  refuseForeign(ended, container)
  return { failed: inState('failed')?.taskArn }
}

/** @throws {ActionError} wrong-state when one of them cannot be judged */
export function refuseForeign(tasks: readonly Task[], container: string): void {
  const foreign = tasks.find((task) => stateOf(task, container) === 'foreign')
  if (foreign === undefined) return
  throw new ActionError(
    'wrong-state',
    `The task of an earlier attempt has stopped and has no container ${container}, so that it cannot be told whether the migration succeeded: ${foreign.taskArn}. Nothing was run.`,
    { advice: 'Look at the database; give another idempotency-key to run the migration.' },
  )
}

function reattach(task: Task, state: RunState, { identity, launch }: Start, context: ActionContext): Started {
  const { taskArn = '' } = task
  const what = state === 'running' ? 'runs already; following it' : 'has succeeded already; it is not run again'
  context.log.info(`The task of an earlier attempt with key ${identity.key} ${what}: ${taskArn}`)
  const its = task.overrides?.containerOverrides?.find(({ name }) => name === launch.container)?.command
  const ours = launch.settings.overrides?.containerOverrides?.[0]?.command
  if (its !== undefined && JSON.stringify(its) !== JSON.stringify(ours)) {
    context.log.warning(
      `Task ${taskArn} was started with another command (${JSON.stringify(its)}) and the same idempotency-key. The jobs of a matrix share the default key: give each its own, such as migrate-\${{ matrix.name }}-\${{ github.run_id }}.`,
    )
  }
  return { taskArn, reattached: true }
}

async function request(start: Start, failedArn: string | undefined, context: ActionContext) {
  const { ecs, launch, identity, inputs } = start
  const { definition } = launch.registered
    ? { definition: launch.registered }
    : await ensureTaskDefinition(ecs, launch.wanted, { log: context.log })
  const { run } = context
  const tags = [
    { key: 'deploy-kit:action', value: 'ecs-run-migration' },
    { key: 'deploy-kit:repository', value: run.repository },
    { key: 'deploy-kit:run', value: run.runId },
    { key: 'deploy-kit:sha', value: run.sha },
    // Makes each process's request another one, so that ECS answers a token that a process before this one used with
    // ConflictException and not with a replay, which a request of our own that is sent again gets.
    { key: 'deploy-kit:request', value: randomUUID() },
  ].filter(({ value }) => value !== '')
  context.log.info(
    `Running ${definition.family}:${definition.revision}, container ${launch.container}, in cluster ${inputs.cluster}.`,
  )
  return {
    ...launch.settings,
    cluster: inputs.cluster,
    taskDefinition: definition.arn,
    clientToken: clientToken(identity, failedArn),
    startedBy: identity.startedBy,
    tags,
  }
}

/**
 * RunTask, "eventual consistency": a task that was started may not be visible for some time, minutes at the most.
 * Undefined when the step is cancelled before.
 */
async function untilVisible(
  taskArn: string,
  { ecs, inputs, ...start }: Start,
  context: ActionContext,
): Promise<Task | undefined> {
  const { cluster, startTimeout } = inputs
  const limitMs = Math.min(startTimeout, start.remainingMs())
  const waitingFor = `waiting until ECS shows task ${taskId(taskArn)}`
  const about = { cluster, taskArn, limitMs, everyMs: pauseBetweenLooks(inputs), waitingFor }
  const { task } = await awaitTask(ecs, about, (seen) => seen !== undefined, context)
  if (task !== undefined || context.signal.aborted) return task
  throw new ActionError(
    'wrong-state',
    `ECS knows that an earlier attempt with this key started task ${taskArn}, and does not show the task any more, so that it cannot be told whether the migration succeeded. Nothing was run.`,
    { advice: 'Look at its log and at the database; give another idempotency-key to run the migration.' },
  )
}

async function untilEnded(task: Task, { ecs, inputs, launch, ...start }: Start, context: ActionContext): Promise<Task> {
  const { taskArn = '' } = task
  const waitingFor = `the task of an earlier attempt is being stopped; waiting until ${taskId(taskArn)} has ended`
  const about = {
    cluster: inputs.cluster,
    taskArn,
    limitMs: start.remainingMs(),
    everyMs: pauseBetweenLooks(inputs),
    waitingFor,
  }
  const isOver = (seen: Task | undefined): boolean => seen === undefined || stateOf(seen, launch.container) !== 'ending'
  const result = await awaitTask(ecs, about, isOver, context)
  if (result.done) return result.task ?? task
  if (context.signal.aborted) throw new CancelledError(`Cancelled while task ${taskArn} of an earlier attempt ended.`)
  throw new ActionError(
    'wrong-state',
    `The task of an earlier attempt was told to stop and had not ended by the deadline: ${taskArn}. Nothing was run.`,
    { advice: 'Run the job again when it has stopped.' },
  )
}
