import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { checkRegion } from '@deploy-kit/core/aws/aws-client'
import { Deadline } from '@deploy-kit/core/deadline'
import { createEcs, type Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import manifest from '../action.yml'
import { openLogs } from './container-logs.ts'
import { describePlan } from './dry-run.ts'
import { findVisibleRuns, type Visible } from './earlier-runs.ts'
import { type FollowOptions, followTask } from './follow.ts'
import { type RunIdentity, runIdentity } from './idempotency.ts'
import { checkTogether, fields, type Inputs, pauseBetweenLooks } from './inputs.ts'
import { type Launch, prepareLaunch, readDefinitionFile } from './launch.ts'
import type { Outcome } from './outcome.ts'
import { quoteEnd, recordTask, renderRun } from './report.ts'
import { requireSnapshot } from './snapshot-gate.ts'
import { type Started, startOrFind } from './start.ts'
import { judge } from './verdict.ts'

export const action = defineAction({
  name: 'ecs-run-migration',
  manifest,
  fields,
  check: checkTogether,
  checkAgainstFiles: checkRegion,
  main: runMigration,
})

async function runMigration(inputs: Inputs, context: ActionContext): Promise<Verdict> {
  const deadline = new Deadline(inputs.timeout, context.clock)
  /** What it is if an error ends the step: one that leaves a task behind, or may, ends the step before the task. */
  let outcomeOfError: Outcome = 'not-started'
  try {
    const file = await readDefinitionFile(inputs, context)
    await checkMigrations(inputs, context)
    const ecs = await createEcs(inputs, context, deadline)
    if (inputs.requireSnapshot !== undefined) await requireSnapshot(inputs.requireSnapshot, ecs, context)
    const launch = await prepareLaunch(inputs, file, ecs)
    const identity = runIdentity(inputs.idempotencyKey, context)
    const where = { cluster: inputs.cluster, family: launch.wanted.family, container: launch.container }
    const visible = await findVisibleRuns(ecs, where, identity)
    warnOfOthers(visible, context)
    if (visible.own.length === 0) checkMemory(identity, inputs, context)
    if (inputs.dryRun) return await describePlan(launch, visible.own, { ecs, inputs }, context)
    const onUnknown = (): void => {
      outcomeOfError = 'timed-out'
    }
    const remainingMs = (): number => deadline.remainingMs()
    const start = { ecs, launch, own: visible.own, identity, inputs, remainingMs, onUnknown }
    const started = await startOrFind(start, context)
    outcomeOfError = 'timed-out'
    return await followToVerdict({ ecs, launch, started, inputs, deadline }, context)
  } catch (error) {
    if (!(error instanceof CancelledError)) {
      context.setOutput('outcome', outcomeOfError)
      throw error
    }
    context.setOutput('outcome', 'cancelled')
    return {
      conclusion: 'cancelled',
      headline: error.state === '' ? 'Cancelled before anything was run.' : error.state,
      summary: '',
    }
  } finally {
    context.setOutput('elapsed-ms', Math.round(deadline.elapsedMs()))
  }
}

/** The tokeniser is loaded only where there is something to read with it. */
async function checkMigrations(inputs: Inputs, context: ActionContext): Promise<void> {
  const {
    migrations: patterns,
    sqlDialect: dialect,
    allowDestructive: allowed = false,
    requireSnapshot: snapshot,
  } = inputs
  if (patterns.length === 0) return
  const { checkDestruction } = await import('./sql/destruction-gate.ts')
  await checkDestruction({ patterns, dialect, allowed, snapshot }, context)
}

/** Two migrations at once are the workflow's choice; that there are two should not go unnoticed. */
function warnOfOthers({ others }: Visible, { log }: ActionContext): void {
  for (const { taskArn, lastStatus, startedBy } of others) {
    log.warning(
      `Another migration, with another idempotency-key, is ${lastStatus} now: ${taskArn} (startedBy ${startedBy}). Both go on; a concurrency group in the workflow or an advisory lock in the migration keeps them apart.`,
    )
  }
}

/**
 * ECS shows a stopped task for an hour and knows a token for as long: beyond that, nothing tells that the migration ran.
 *
 * @throws {ActionError} wrong-state where the run may be the second one and that is to be refused
 */
function checkMemory({ key }: RunIdentity, { onForgotten }: Inputs, { log, run }: ActionContext): void {
  if (!(Number(run.runAttempt) > 1)) return
  const known = `This is attempt ${run.runAttempt} of the run, and ECS shows no task with key ${key}. ECS forgets a task about an hour after it has stopped`
  if (onForgotten === 'refuse') {
    throw new ActionError(
      'wrong-state',
      `${known}, so that it is not known whether the migration ran. Nothing was run.`,
      {
        advice:
          'Look at the log of the earlier attempt and at the database; to run the migration, start a new workflow run.',
      },
    )
  }
  log.warning(`${known}: if an earlier attempt ran the migration before that, it runs a second time now.`)
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
  const logs = openLogs({ launch, taskArn, ecs, mode: inputs.logs }, context)
  const options: FollowOptions = {
    cluster: inputs.cluster,
    taskArn,
    container: launch.container,
    startWithinMs: inputs.startTimeout,
    everyMs: pauseBetweenLooks(inputs),
    deadline,
    log: logs.named,
  }
  const followed = await followTask(ecs, options, context)
  const followOn = () => followTask(ecs, { ...options, startWithinMs: Number.POSITIVE_INFINITY }, context)
  const judged = await judge({ ecs, launch, taskArn, inputs, followOn }, followed, context)
  recordTask(judged.task, launch.container, judged.outcome, context)
  const tail = await logs.showEnd(judged, deadline)
  const succeeded = judged.outcome === 'succeeded'
  return {
    conclusion: context.signal.aborted ? 'cancelled' : succeeded ? 'success' : 'failed',
    headline: judged.headline,
    ...(!succeeded && { details: quoteEnd(tail) }),
    summary: renderRun({
      task: judged.task,
      taskArn,
      launch,
      outcome: judged.outcome,
      reattached: started.reattached,
      elapsedMs: deadline.elapsedMs(),
      tail,
      logUrl: logs.url,
    }),
  }
}
