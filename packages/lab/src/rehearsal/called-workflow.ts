import { type InputValue, resolveInputs, typeProblems } from './event-inputs.ts'
import { fromData } from './expression-data.ts'
import { type JobOutcome, resultOf } from './job-result.ts'
import { expandStrategy } from './matrix.ts'
import { type Leg, nameOf, runEachLeg } from './matrix-runner.ts'
import { permissionsOf } from './permissions.ts'
import { Refusal } from './refusal.ts'
import { evaluate, evaluateText, evaluateTexts } from './template.ts'
import type { CallBody, JobPlan, WorkflowPlan } from './workflow-plan.ts'
import type { JobRun } from './workflow-run.ts'
import { type WorkflowScope, workflowContexts } from './workflow-scope.ts'

/**
 * Runs a job that calls a reusable workflow of the same repository.
 * @throws TemplateError or Refusal when its inputs cannot be had
 * @see https://docs.github.com/actions/how-tos/reuse-automations/reuse-workflows
 */
export async function callWorkflow(
  caller: WorkflowScope,
  job: JobPlan,
  body: CallBody,
  contexts: Readonly<Record<string, unknown>>,
  cancelled: AbortSignal,
  runJobs: (called: WorkflowScope) => Promise<readonly JobOutcome[]>,
): Promise<JobOutcome> {
  const plan = caller.run.calledWorkflows.get(body.uses.value)
  if (plan === undefined) throw new Error(`There is no workflow ${body.uses.value}`)
  const strategy = expandStrategy(job, { file: caller.plan.file, contexts })
  const legs = await runEachLeg(strategy, contexts, cancelled, async (leg) => {
    const called = calledScope(caller, job, body, plan, leg)
    const outcomes = await runJobs(called)
    const result = resultOf(outcomes.map((outcome) => outcome.result))
    return { outcomes, result, outputs: outputsOf(called, outcomes), isFailed: result === 'failure' }
  })
  return {
    id: job.id,
    result: resultOf(legs.map(({ result }) => result)),
    outputs: Object.assign({}, ...legs.map(({ outputs }) => outputs)),
    runs: legs.flatMap(({ outcomes }) => outcomes.flatMap(({ runs }): readonly JobRun[] => runs)),
  }
}

function calledScope(caller: WorkflowScope, job: JobPlan, body: CallBody, plan: WorkflowPlan, leg: Leg): WorkflowScope {
  const scope = { file: caller.plan.file, contexts: leg.contexts }
  const given = body.with === undefined ? {} : (fromData(evaluate(body.with, scope)) as Record<string, InputValue>)
  const options = plan.triggers.find(({ event }) => event === 'workflow_call')?.options
  const values = Object.entries(given).map(([name, value]) => ({ name, at: body.with ?? body.uses, value }))
  const problems = typeProblems(options, values, caller.plan.file)
  if (problems.length > 0) throw new Refusal(problems)
  const { github, vars } = workflowContexts(caller)
  const secrets =
    body.secrets === 'inherit'
      ? caller.secrets
      : evaluateTexts(body.secrets, { ...scope, contexts: { ...leg.contexts, secrets: caller.secrets } })
  return {
    run: caller.run,
    plan,
    ref: refOf(body.uses.value, caller.ref),
    inputs: resolveInputs(options, given, { file: plan.file, contexts: { github, vars, inputs: {} } }),
    secrets,
    permissions: permissionsOf(job.permissions, caller.plan.permissions, caller.permissions),
    prefix: {
      id: `${caller.prefix.id}${job.id}/`,
      name: `${caller.prefix.name}${nameOf(caller, job, leg)} / `,
    },
    cancelled: leg.cancelled,
  }
}

/** A local workflow lies beside its caller. */
function refOf(uses: string, caller: string): string {
  if (!uses.startsWith('./')) return uses
  const [, repository, ref] = /^([^/]+\/[^/]+)\/[^@]+@(.+)$/.exec(caller) ?? []
  return `${repository}/${uses.slice(2)}@${ref}`
}

function outputsOf(workflow: WorkflowScope, outcomes: readonly JobOutcome[]): Record<string, string> {
  const jobs = Object.fromEntries(outcomes.map(({ id, result, outputs }) => [id, { result, outputs }]))
  const scope = { file: workflow.plan.file, contexts: { ...workflowContexts(workflow), jobs } }
  return Object.fromEntries([...workflow.plan.outputs].map(([name, token]) => [name, evaluateText(token, scope)]))
}
