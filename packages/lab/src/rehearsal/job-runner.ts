import { runPhase, type StepOwner } from './action-step.ts'
import { hasPre, isPreparable, prepareUse } from './action-use.ts'
import { Cancellation, onAbort } from './cancellation.ts'
import { checkRunsOn, containerProblems } from './job-machine.ts'
import { jobFrame, type LegRequest, setUpJob } from './job-setup.ts'
import { environmentIn, type Frame, type JobState, stepScope } from './job-state.ts'
import { describeProblem } from './refusal.ts'
import { plainAnnotation } from './step-log.ts'
import { membersOf } from './step-plan.ts'
import { evaluateBoolean, evaluateNumber, evaluateText, type Scope } from './template.ts'
import { isMapping } from './workflow-parser.ts'
import type { Annotation, JobRun, StepRun } from './workflow-run.ts'

const defaultTimeoutMinutes = 360
/** @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation */
const defaultGraceMinutes = 5
const msPerMinute = 60_000

/** Runs one job, or one leg of its matrix. Never throws because of what the file or a step says. */
export async function runLeg(request: LegRequest): Promise<JobRun> {
  const { run } = request.workflow
  const startedAt = new Date()
  const annotations: Annotation[] = []
  const steps: StepRun[] = []
  const facts = { conclusion: 'failure', continueOnError: false, outputs: {}, environment: undefined } as LegFacts
  run.emit({ kind: 'jobStarted', job: request.heading })
  try {
    // A job that was still waiting when it was cancelled runs no step at all, not even an always().
    if (request.cancelled.aborted) facts.conclusion = 'cancelled'
    else await performJob(request, steps, annotations, facts)
  } catch (error) {
    annotations.push(plainAnnotation('error', error instanceof Error ? error.message : String(error)))
  }
  const job: JobRun = {
    ...request.heading,
    ...facts,
    matrix: request.leg,
    needs: request.plan.needs,
    startedAt,
    endedAt: new Date(),
    steps,
    annotations: [...annotations, ...steps.flatMap((step) => step.annotations)],
  }
  run.emit({ kind: 'jobEnded', job })
  return job
}

/** What becomes known of a job while it runs. */
type LegFacts = { -readonly [Key in 'conclusion' | 'continueOnError' | 'outputs' | 'environment']: JobRun[Key] }

async function performJob(
  request: LegRequest,
  steps: StepRun[],
  annotations: Annotation[],
  facts: LegFacts,
): Promise<void> {
  const { workflow, plan, body } = request
  const scope: Scope = { file: workflow.plan.file, contexts: request.contexts }
  const minutes = body.timeoutMinutes === undefined ? defaultTimeoutMinutes : evaluateNumber(body.timeoutMinutes, scope)
  const graceToken = body.cancelTimeoutMinutes
  const grace = graceToken === undefined ? defaultGraceMinutes : evaluateNumber(graceToken, scope)
  facts.continueOnError = plan.continueOnError !== undefined && evaluateBoolean(plan.continueOnError, scope)
  facts.environment = environmentName(request, scope)
  const [problem = checkRunsOn(body.runsOn, scope)] = containerProblems(scope.file, plan.id, body)
  if (problem !== undefined) throw new Error(describeProblem(problem))
  using cancellation = new Cancellation(workflow.run.settings.cancelGraceMs ?? grace * msPerMinute)
  const job = await setUpJob(request, facts.environment, cancellation)
  const cancel = () => {
    job.status = 'cancelled'
    cancellation.cancel()
  }
  using _cancelled = onAbort(request.cancelled, cancel)
  const timer = setTimeout(() => {
    annotations.push(plainAnnotation('error', `The job has exceeded the maximum execution time of ${minutes} minutes.`))
    cancel()
  }, minutes * msPerMinute)
  try {
    const frame = jobFrame(job, workflow.plan.file)
    await runSteps(job, request, frame, steps)
    facts.outputs = outputsOf(job, request, frame, annotations)
    facts.conclusion = job.status
  } finally {
    clearTimeout(timer)
    for (const child of job.processes) job.run.keeper.signal(child, 'SIGKILL')
  }
}

/** Every pre before the first main, every post after the last, in reverse order. */
async function runSteps(job: JobState, { body }: LegRequest, frame: Frame, steps: StepRun[]): Promise<void> {
  const owner: StepOwner = { frame, uses: new Map(), posts: [], parent: undefined }
  for (const step of body.steps)
    if (isPreparable(step)) owner.uses.set(step, await prepareUse(job.run, step, job.directories.workspace))
  const pres = [...owner.uses.values()].filter(hasPre)
  for (const use of pres) steps.push(await runPhase(job, owner, use.plan, 'pre', steps.length + 1))
  for (const step of body.steps) steps.push(await runPhase(job, owner, step, 'main', steps.length + 1))
  for (const use of owner.posts.toReversed()) steps.push(await runPhase(job, owner, use.plan, 'post', steps.length + 1))
}

/** The job's `outputs`; one that holds a secret is left out, since it would be handed on in the clear. */
function outputsOf(
  job: JobState,
  { body }: LegRequest,
  frame: Frame,
  annotations: Annotation[],
): Record<string, string> {
  const scope = stepScope(job, frame, environmentIn(job, frame, {}))
  const outputs: Record<string, string> = {}
  for (const [name, token] of membersOf(body.outputs)) {
    const value = evaluateText(token, scope)
    if (job.masker.holdsSecret(value))
      annotations.push(plainAnnotation('warning', `Skip output '${name}' since it may contain secret.`))
    else outputs[name] = value
  }
  return outputs
}

function environmentName({ body, workflow }: LegRequest, scope: Scope): string | undefined {
  const token = body.environment
  if (token === undefined) return undefined
  const name = isMapping(token) ? membersOf(token).get('name') : token
  workflow.run.notice('Environments are named in the report; their approvals, secrets and variables are not asked for')
  return name === undefined ? undefined : evaluateText(name, scope)
}
