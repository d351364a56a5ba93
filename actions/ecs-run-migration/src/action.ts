import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { Deadline } from '@deploy-kit/core/deadline'
import { createEcs, type Ecs, ecsWithin } from '@deploy-kit/core/ecs/ecs-client'
import { ensureTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import { CancelledError } from '@deploy-kit/core/errors'
import manifest from '../action.yml'
import { type Followed, followTask, stopTask } from './follow.ts'
import {
  clientToken,
  describeTasks,
  type EarlierRuns,
  findEarlierRuns,
  listTasks,
  type RunIdentity,
  runIdentity,
} from './idempotency.ts'
import { checkTogether, fields, type Inputs } from './inputs.ts'
import { type Launch, prepareLaunch, runTask, type Started } from './launch.ts'
import { conclusionOf, type Judgement, judgeStoppedTask } from './outcome.ts'
import { quoteEnd, recordTask, renderRun } from './report.ts'
import { requireSnapshot } from './snapshot-gate.ts'
import { locateLog, logUrl, TaskLog } from './task-log.ts'

export const action = defineAction({
  name: 'ecs-run-migration',
  manifest,
  fields,
  check: checkTogether,
  main: runMigration,
})

async function runMigration(inputs: Inputs, context: ActionContext): Promise<Verdict> {
  const deadline = new Deadline(inputs.timeout, context.clock)
  const ecs = createEcs(inputs, context, deadline)
  try {
    if (inputs.requireSnapshot !== undefined) await requireSnapshot(inputs.requireSnapshot, ecs, context)
    const launch = await prepareLaunch(inputs, ecs)
    const identity = runIdentity(inputs.idempotencyKey, context.run)
    const where = { cluster: inputs.cluster, family: launch.wanted.family, container: launch.container }
    const earlier = await findEarlierRuns(ecs, where, identity)
    if (inputs.dryRun) return plan(launch, earlier, inputs, context)
    const started = await startOrFind({ ecs, launch, earlier, identity, inputs }, context)
    return await followToVerdict({ ecs, launch, started, inputs, deadline }, context)
  } finally {
    context.setOutput('elapsed-ms', Math.round(deadline.elapsedMs()))
  }
}

interface Start {
  readonly ecs: Ecs
  readonly launch: Launch
  readonly earlier: EarlierRuns
  readonly identity: RunIdentity
  readonly inputs: Inputs
}

/** The task to follow: one of an earlier attempt that runs or has succeeded, else a new one. */
async function startOrFind(start: Start, context: ActionContext): Promise<Started> {
  const { ecs, launch, earlier, identity } = start
  const found = earlier.running ?? earlier.succeeded
  if (found?.taskArn !== undefined) {
    const what = earlier.running ? 'runs already; following it' : 'has succeeded already; it is not run again'
    context.log.info(`The task of an earlier attempt with key ${identity.key} ${what}: ${found.taskArn}`)
    return { taskArn: found.taskArn, reattached: true }
  }
  if (earlier.failed)
    context.log.info(`An earlier attempt with this key failed (${earlier.failed.taskArn}); running it again.`)
  const { definition } = launch.registered
    ? { definition: launch.registered }
    : await ensureTaskDefinition(ecs, launch.wanted, { log: context.log })
  const { run } = context
  const tags = [
    { key: 'deploy-kit:action', value: 'ecs-run-migration' },
    { key: 'deploy-kit:repository', value: run.repository },
    { key: 'deploy-kit:run', value: run.runId },
    { key: 'deploy-kit:sha', value: run.sha },
  ].filter(({ value }) => value !== '')
  context.log.info(
    `Running ${definition.family}:${definition.revision}, container ${launch.container}, in cluster ${start.inputs.cluster}.`,
  )
  try {
    const token = clientToken(identity, earlier.failed?.taskArn)
    return await runTask(ecs, launch, { taskDefinition: definition.arn, clientToken: token, identity, tags })
  } catch (error) {
    if (error instanceof CancelledError) await stopUnanswered(start, context)
    throw error
  }
}

/** Cancelled while RunTask was on its way: whether a task was started is not known, so it is looked for. */
async function stopUnanswered({ ecs, identity, inputs }: Start, context: ActionContext): Promise<void> {
  if (inputs.onCancel === 'detach') return
  const cleanUp = ecsWithin(ecs, 4000, context.cleanUpSignal)
  for (const taskArn of await listTasks(cleanUp, { cluster: inputs.cluster, startedBy: identity.startedBy })) {
    context.setOutput('task-arn', taskArn)
    context.log.info(
      await stopTask(ecs, { cluster: inputs.cluster, taskArn, reason: 'deploy-kit: the job was cancelled' }, context),
    )
  }
}

interface Follow {
  readonly ecs: Ecs
  readonly launch: Launch
  readonly started: Started
  readonly inputs: Inputs
  readonly deadline: Deadline
}

async function followToVerdict(follow: Follow, context: ActionContext): Promise<Verdict> {
  const { ecs, launch, started, inputs, deadline } = follow
  const { taskArn } = started
  context.setOutput('task-arn', taskArn)
  context.setOutput('reattached', started.reattached)
  const log = openLog(follow, context)
  const about = { cluster: inputs.cluster, taskArn, container: launch.container, inputs, deadline, log }
  const followed = await followTask(ecs, about, context)
  const judgement = await judge(follow, followed, context)
  recordTask(followed.task, launch.container, judgement.outcome, context)
  if (inputs.logs === 'tail' && log) context.log.group(`Last lines of ${launch.container}`, log.tail())
  return {
    conclusion: conclusionOf(judgement.outcome),
    headline: judgement.headline,
    ...(judgement.outcome !== 'succeeded' && { details: quoteEnd(log?.tail() ?? []) }),
    summary: renderRun({
      task: followed.task,
      taskArn,
      launch,
      judgement,
      reattached: started.reattached,
      elapsedMs: deadline.elapsedMs(),
      tail: log?.tail() ?? [],
    }),
  }
}

function openLog({ launch, started, inputs, ecs }: Follow, context: ActionContext): TaskLog | undefined {
  const container = launch.wanted.containerDefinitions.find(({ name }) => name === launch.container)
  const location = container
    ? locateLog(container, started.taskArn, ecs.config.region)
    : 'the container is not in the definition'
  if (typeof location === 'string') {
    if (inputs.logs !== 'none') context.log.info(`No log to show: ${location}.`)
    return undefined
  }
  context.setOutput('log-url', logUrl(location))
  return inputs.logs === 'none'
    ? undefined
    : new TaskLog(location, ecs.config, context, { print: inputs.logs === 'stream' })
}

/** The outcome, after the task was stopped or left alone as the inputs say. */
async function judge(follow: Follow, followed: Followed, context: ActionContext): Promise<Judgement> {
  const { launch, inputs, started, ecs } = follow
  const essential = launch.wanted.containerDefinitions
    .filter((container) => container.essential !== false)
    .map(({ name }) => name)
  if (followed.kind === 'stopped' && followed.task) return judgeStoppedTask(followed.task, launch.container, essential)
  const about = { cluster: inputs.cluster, taskArn: started.taskArn }
  const policy = followed.kind === 'cancelled' ? inputs.onCancel : inputs.onTimeout
  const follows = `Follow it with: aws ecs describe-tasks --cluster ${about.cluster} --tasks ${about.taskArn}`
  const stop = (reason: string): Promise<string> =>
    policy === 'stop'
      ? stopTask(ecs, { ...about, reason: `deploy-kit: ${reason}` }, context)
      : Promise.resolve(`It goes on, as asked. ${follows}`)
  const status = followed.task?.lastStatus ?? 'not visible yet'
  if (followed.kind === 'cancelled') {
    return {
      outcome: 'cancelled',
      headline: `Cancelled while the task was ${status}. ${await stop('the job was cancelled')}`,
    }
  }
  const told = await stop(followed.kind === 'not-started' ? 'it did not start in time' : 'the step timed out')
  if (followed.kind === 'not-started') {
    return {
      outcome: 'not-started',
      headline: `The task did not start within start-timeout (it is ${status}). ${told}`,
    }
  }
  // The task may have ended by itself between the last look and the deadline.
  const [late] = await describeTasks(ecsWithin(ecs, 4500, context.cleanUpSignal), about.cluster, [about.taskArn]).catch(
    () => [],
  )
  if (late?.lastStatus === 'STOPPED' && late.stopCode === 'EssentialContainerExited')
    return judgeStoppedTask(late, launch.container, essential)
  return { outcome: 'timed-out', headline: `The task was still ${status} at the deadline. ${told}` }
}

function plan(launch: Launch, earlier: EarlierRuns, inputs: Inputs, context: ActionContext): Verdict {
  const definition = launch.registered
    ? `${launch.registered.family}:${launch.registered.revision}`
    : `a revision of ${launch.wanted.family} that is registered or reused`
  const found = earlier.running ?? earlier.succeeded
  const what = found
    ? `follow ${found.taskArn} of an earlier attempt, which is ${found.lastStatus}`
    : `run ${definition}, container ${launch.container}, command ${inputs.command ? JSON.stringify(inputs.command) : 'as in the definition'}, in cluster ${inputs.cluster}`
  context.log.info(`dry run: would ${what}`)
  return { conclusion: 'success', headline: 'Dry run: nothing was run.', summary: '' }
}
