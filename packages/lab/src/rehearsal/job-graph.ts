import { callWorkflow } from './called-workflow.ts'
import { onAbort } from './cancellation.ts'
import { jobStatusFunctions, type NeededJob } from './expression-functions.ts'
import type { JobOutcome } from './job-result.ts'
import { runLegs } from './matrix-runner.ts'
import { plainAnnotation } from './step-log.ts'
import { evaluateCondition, type Scope } from './template.ts'
import type { JobPlan } from './workflow-plan.ts'
import type { Conclusion, JobRun } from './workflow-run.ts'
import { type WorkflowScope, workflowContexts } from './workflow-scope.ts'

/** Runs the jobs of a workflow, each as soon as those that it needs have ended. In the order of the file. */
export async function runJobs(workflow: WorkflowScope): Promise<readonly JobOutcome[]> {
  const plans = new Map(workflow.plan.jobs.map((plan) => [plan.id, plan]))
  const started = new Map<string, Promise<JobOutcome>>()
  const start = (id: string): Promise<JobOutcome> => {
    const known = started.get(id)
    if (known !== undefined) return known
    const plan = plans.get(id)!
    const outcome = Promise.all(ancestorsOf(plan, plans).map(start)).then((needed) => runJob(workflow, plan, needed))
    started.set(id, outcome)
    return outcome
  }
  return Promise.all(workflow.plan.jobs.map((plan) => start(plan.id)))
}

/** Every job that `plan` needs, directly or through others. */
function ancestorsOf(plan: JobPlan, plans: ReadonlyMap<string, JobPlan>): readonly string[] {
  const found = new Set<string>()
  const visit = (id: string) => {
    if (found.has(id)) return
    found.add(id)
    for (const need of plans.get(id)?.needs ?? []) visit(need)
  }
  for (const need of plan.needs) visit(need)
  return [...found]
}

async function runJob(workflow: WorkflowScope, plan: JobPlan, needed: readonly JobOutcome[]): Promise<JobOutcome> {
  const direct = needed.filter(({ id }) => plan.needs.includes(id))
  const needs = Object.fromEntries(direct.map(({ id, result, outputs }) => [id, { result, outputs }]))
  const contexts = { ...workflowContexts(workflow), needs }
  try {
    if (!conditionHolds(workflow, plan, contexts, needed, workflow.cancelled.aborted))
      return withoutRunning(workflow, plan, workflow.cancelled.aborted ? 'cancelled' : 'skipped')
    // A job whose condition holds for a cancelled run as well goes on when the run is cancelled.
    const cancel = new AbortController()
    const onCancel = () => conditionHolds(workflow, plan, contexts, needed, true) || cancel.abort()
    using _ = workflow.cancelled.aborted ? undefined : onAbort(workflow.cancelled, onCancel)
    const { body } = plan
    return body.kind === 'steps'
      ? await runLegs(workflow, plan, body, contexts, cancel.signal)
      : await callWorkflow(workflow, plan, body, contexts, cancel.signal, runJobs)
  } catch (error) {
    return withoutRunning(workflow, plan, 'failure', error instanceof Error ? error.message : String(error))
  }
}

function conditionHolds(
  { plan: { file } }: WorkflowScope,
  plan: JobPlan,
  contexts: Readonly<Record<string, unknown>>,
  needed: readonly NeededJob[],
  isCancelled: boolean,
): boolean {
  const scope: Scope = { file, contexts, functions: jobStatusFunctions(needed, isCancelled) }
  return evaluateCondition(plan.condition, scope)
}

/** A job of which no step was run; `message` says why when that is a failure. */
function withoutRunning(
  { prefix, run }: WorkflowScope,
  plan: JobPlan,
  conclusion: Conclusion,
  message?: string,
): JobOutcome {
  const job: JobRun = {
    id: `${prefix.id}${plan.id}`,
    name: `${prefix.name}${plan.name?.toString() || plan.id}`,
    matrix: undefined,
    needs: plan.needs,
    conclusion,
    continueOnError: false,
    startedAt: undefined,
    endedAt: undefined,
    outputs: {},
    steps: [],
    annotations: message === undefined ? [] : [plainAnnotation('error', message)],
    environment: undefined,
  }
  run.emit({ kind: 'jobEnded', job })
  return { id: plan.id, result: conclusion, outputs: {}, runs: [job] }
}
