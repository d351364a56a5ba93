import { type JobOutcome, resultOf } from './job-result.ts'
import { runLeg } from './job-runner.ts'
import { expandStrategy, legName, type Strategy } from './matrix.ts'
import { evaluateText } from './template.ts'
import { isBasicExpression } from './workflow-parser.ts'
import type { JobPlan, StepsBody } from './workflow-plan.ts'
import type { JobRun } from './workflow-run.ts'
import type { WorkflowScope } from './workflow-scope.ts'

/** One leg of a job's matrix; a job without a matrix has a single one. */
export interface Leg {
  readonly values: Readonly<Record<string, unknown>> | undefined
  readonly contexts: Readonly<Record<string, unknown>>
  readonly cancelled: AbortSignal
}

/**
 * Runs all legs of a job, as many at a time as `max-parallel` allows; the first that fails cancels the others unless
 * `fail-fast` is false.
 * @throws TemplateError
 */
export async function runEachLeg<R extends { readonly isFailed: boolean }>(
  strategy: Strategy,
  contexts: Readonly<Record<string, unknown>>,
  cancelled: AbortSignal,
  runOne: (leg: Leg) => Promise<R>,
): Promise<readonly R[]> {
  const failed = new AbortController()
  const results: R[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < strategy.legs.length; index = next++) {
      const values = strategy.legs[index]
      const result = await runOne({
        values,
        contexts: { ...contexts, matrix: values ?? null, strategy: strategyContext(strategy, index) },
        cancelled: AbortSignal.any([cancelled, failed.signal]),
      })
      results[index] = result
      if (result.isFailed && strategy.failFast) failed.abort()
    }
  }
  await Promise.all(Array.from({ length: Math.min(strategy.maxParallel, strategy.legs.length) }, work))
  return results
}

function strategyContext({ failFast, legs, maxParallel }: Strategy, index: number): Record<string, unknown> {
  return {
    'fail-fast': failFast,
    'job-index': index,
    'job-total': legs.length,
    'max-parallel': Math.min(maxParallel, legs.length),
  }
}

/** Runs a job that has steps. @throws TemplateError */
export async function runLegs(
  workflow: WorkflowScope,
  plan: JobPlan,
  body: StepsBody,
  contexts: Readonly<Record<string, unknown>>,
  cancelled: AbortSignal,
): Promise<JobOutcome> {
  const strategy = expandStrategy(plan, { file: workflow.plan.file, contexts })
  const legs = await runEachLeg(strategy, contexts, cancelled, async (leg) => {
    const heading = {
      id: `${workflow.prefix.id}${plan.id}`,
      name: `${workflow.prefix.name}${nameOf(workflow, plan, leg)}`,
    }
    const job = await runLeg({
      workflow,
      plan,
      body,
      heading,
      leg: leg.values,
      contexts: leg.contexts,
      cancelled: leg.cancelled,
    })
    return { job, isFailed: job.conclusion === 'failure' && !job.continueOnError }
  })
  const runs = legs.map(({ job }) => job)
  return {
    id: plan.id,
    result: resultOf(runs.map(countedResult)),
    outputs: mergeOutputs(runs),
    runs,
  }
}

function countedResult({ conclusion, continueOnError }: JobRun) {
  return conclusion === 'failure' && continueOnError ? 'success' : conclusion
}

/** The leg that ended last wins, but not with an empty value, as on GitHub. */
function mergeOutputs(runs: readonly JobRun[]): Record<string, string> {
  const outputs: Record<string, string> = {}
  const byEnd = runs.toSorted((left, right) => (left.endedAt?.getTime() ?? 0) - (right.endedAt?.getTime() ?? 0))
  for (const run of byEnd)
    for (const [name, value] of Object.entries(run.outputs))
      if (value !== '' || !(name in outputs)) outputs[name] = value
  return outputs
}

/** A `name` without an expression is told apart by the leg's values. */
export function nameOf({ plan: { file } }: WorkflowScope, plan: JobPlan, leg: Leg): string {
  const name = plan.name === undefined ? '' : evaluateText(plan.name, { file, contexts: leg.contexts })
  if (plan.name === undefined || name === '') return legName(plan.id, leg.values)
  return isBasicExpression(plan.name) ? name : legName(name, leg.values)
}
