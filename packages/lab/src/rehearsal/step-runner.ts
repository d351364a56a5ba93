import type { BasicExpressionToken } from '@actions/workflow-parser/templates/tokens/index'
import type { Activity, ActivityEnd } from './activity.ts'
import { onAbort } from './cancellation.ts'
import { createCommandFiles } from './command-files.ts'
import { environmentIn, type Frame, type JobState, statusIn, stepScope } from './job-state.ts'
import { StepLog } from './step-log.ts'
import { evaluateBoolean, evaluateCondition, evaluateNumber, evaluateText, evaluateTexts } from './template.ts'
import type { StepPlan } from './workflow-plan.ts'
import type { Conclusion, LogLine, StepHeading, StepPhase, StepRun } from './workflow-run.ts'

/** One phase of one step that is to be run. */
export interface StepRequest {
  readonly frame: Frame
  readonly plan: StepPlan
  readonly phase: StepPhase
  readonly number: number
  /** Undefined means always. */
  readonly condition: BasicExpressionToken | undefined
  /** The log and the end of the composite action around it; undefined for a job's own step. */
  readonly parent: { readonly log: StepLog; readonly signal: AbortSignal } | undefined
  /** Says what took the step's place; empty otherwise. */
  readonly remark: string
  readonly perform: (activity: Activity) => Promise<ActivityEnd>
}

const msPerMinute = 60_000

/** Runs a step from its condition to its result. Never throws because of what the step or its file says. */
export async function runStep(job: JobState, request: StepRequest): Promise<StepRun> {
  const startedAt = new Date()
  const { frame, plan, phase } = request
  let heading = headingOf(job, request, {})
  const pass = (line: LogLine) => job.run.emit({ kind: 'logged', job: job.heading, step: heading, line })
  const log = request.parent?.log.child() ?? new StepLog(job.masker, pass)
  const progress = new StepProgress()
  try {
    const env = ownEnvironment(job, frame, plan)
    heading = headingOf(job, request, env)
    const { condition } = request
    const holds = () => condition === undefined || evaluateCondition(condition, stepScope(job, frame, env))
    if (job.cancellation.terminated.aborted) progress.outcome = 'cancelled'
    else if (!holds()) progress.outcome = 'skipped'
    else {
      if (request.parent === undefined) job.run.emit({ kind: 'stepStarted', job: job.heading, step: heading })
      await perform(job, request, env, log, holds, progress)
    }
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error))
    progress.outcome = 'failure'
  }
  const isForgivable = progress.outcome === 'failure' && phase === 'main'
  const conclusion = isForgivable ? forgive(job, request, log) : progress.outcome
  return settle(job, request, progress, {
    ...heading,
    outcome: progress.outcome,
    conclusion,
    remark: progress.outcome === 'skipped' ? whySkipped(job, request) : request.remark,
    startedAt,
    endedAt: new Date(),
    outputs: job.masker.maskAll(Object.fromEntries(progress.outputs)),
    log: log.lines,
    summary: progress.summaries.join('\n'),
    annotations: log.annotations,
    steps: progress.children,
  })
}

function whySkipped(job: JobState, { condition, frame }: StepRequest): string {
  if (condition?.expression !== 'success()') return `its condition is false: ${condition?.expression}`
  return statusIn(job, frame) === 'cancelled' ? 'the job was cancelled' : 'a step before it has failed'
}

/** Lets the steps that follow see the result. */
function settle(job: JobState, { frame, plan, phase, parent }: StepRequest, progress: StepProgress, step: StepRun) {
  const { outcome, conclusion } = step
  if (phase === 'main' && plan.id !== undefined)
    frame.steps[plan.id] = { outputs: Object.fromEntries(progress.outputs), outcome, conclusion }
  const owner = frame.composite ?? job
  if (owner.status === 'success' && (conclusion === 'failure' || conclusion === 'cancelled')) owner.status = conclusion
  if (parent === undefined) job.run.emit({ kind: 'stepEnded', job: job.heading, step })
  return step
}

class StepProgress {
  outcome: Conclusion = 'failure'
  readonly outputs = new Map<string, string>()
  readonly summaries: string[] = []
  readonly children: StepRun[] = []
}

async function perform(
  job: JobState,
  request: StepRequest,
  env: Record<string, string>,
  log: StepLog,
  holds: () => boolean,
  progress: StepProgress,
): Promise<void> {
  const { frame, plan, parent } = request
  const stop = new AbortController()
  const { cancelled, terminated } = job.cancellation
  const minutes = request.phase === 'main' ? timeoutOf(job, frame, plan, env) : undefined
  const timer = minutes === undefined ? undefined : setTimeout(() => stop.abort('timeout'), minutes * msPerMinute)
  // A step that starts after the cancellation is one whose condition held: only the end of the grace ends it.
  using _cancelled = cancelled.aborted
    ? undefined
    : onAbort(cancelled, () => holdsSafely(holds) || stop.abort('cancelled'))
  using _terminated = onAbort(terminated, () => stop.abort('cancelled'))
  using _parent = parent && onAbort(parent.signal, () => stop.abort('parent'))
  try {
    const files = await createCommandFiles(job.directories.temporary)
    const end = await request.perform({ job, frame, plan, env, files, log, signal: stop.signal, ...progress })
    progress.outcome = end.isSuccess ? 'success' : 'failure'
  } finally {
    clearTimeout(timer)
  }
  if (!stop.signal.aborted) return
  progress.outcome = stop.signal.reason === 'timeout' ? 'failure' : 'cancelled'
  if (stop.signal.reason === 'timeout') log.error(`The action has timed out after ${minutes} minutes.`)
  // A composite action says so for its steps.
  if (stop.signal.reason === 'cancelled') log.error('The operation was canceled.')
}

function holdsSafely(holds: () => boolean): boolean {
  try {
    return holds()
  } catch {
    return false
  }
}

function ownEnvironment(job: JobState, frame: Frame, plan: StepPlan): Record<string, string> {
  const around = environmentIn(job, frame, {})
  return environmentIn(job, frame, evaluateTexts(plan.env, stepScope(job, frame, around)))
}

function timeoutOf(job: JobState, frame: Frame, plan: StepPlan, env: Record<string, string>): number | undefined {
  return plan.timeoutMinutes === undefined ? undefined : evaluateNumber(plan.timeoutMinutes, stepScope(job, frame, env))
}

/** `continue-on-error`: the failure is the step's outcome, but not its conclusion. */
function forgive(job: JobState, { frame, plan }: StepRequest, log: StepLog): Conclusion {
  if (plan.continueOnError === undefined) return 'failure'
  try {
    const env = ownEnvironment(job, frame, plan)
    return evaluateBoolean(plan.continueOnError, stepScope(job, frame, env)) ? 'success' : 'failure'
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error))
    return 'failure'
  }
}

function headingOf(
  job: JobState,
  { frame, plan, phase, number }: StepRequest,
  env: Record<string, string>,
): StepHeading {
  const uses = plan.work.kind === 'uses' ? plan.work.uses.value : undefined
  const prefix = { pre: 'Pre ', main: '', post: 'Post ' }[phase]
  const name = job.masker.mask(nameOf(job, frame, plan, env, phase))
  return { number, phase, name: `${prefix}${name}`, id: plan.id, uses }
}

function nameOf(job: JobState, frame: Frame, plan: StepPlan, env: Record<string, string>, phase: StepPhase): string {
  const scope = stepScope(job, frame, env)
  try {
    const given = plan.name === undefined ? '' : evaluateText(plan.name, scope)
    if (given !== '') return given
    if (plan.work.kind === 'uses') return phase === 'main' ? `Run ${plan.work.uses.value}` : plan.work.uses.value
    return `Run ${evaluateText(plan.work.run, scope).trimStart().split('\n')[0]}`
  } catch {
    // A name that cannot be evaluated yet is shown as it is written.
    return plan.name?.toString() ?? 'Run'
  }
}
