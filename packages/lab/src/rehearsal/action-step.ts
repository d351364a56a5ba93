import type { BasicExpressionToken, TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { evaluateInputs, logAction } from './action-inputs.ts'
import type { CompositeRuns } from './action-manifest.ts'
import { type ActionUse, hasPost, hasPre, prepareUse, type UseSource } from './action-use.ts'
import type { Activity, ActivityEnd } from './activity.ts'
import { environmentIn, type Frame, type JobState, stepScope } from './job-state.ts'
import { runNode } from './node-action.ts'
import { runScript } from './script-step.ts'
import { runStep, type StepRequest } from './step-runner.ts'
import { evaluateText } from './template.ts'
import { BasicExpressionToken as Expression, isBasicExpression } from './workflow-parser.ts'
import type { StepPlan } from './workflow-plan.ts'
import type { StepPhase, StepRun } from './workflow-run.ts'

/** What has steps: a job, or one use of a composite action. */
export interface StepOwner {
  readonly frame: Frame
  /** The actions that its steps use, as far as they are known. */
  readonly uses: Map<StepPlan, ActionUse>
  /** Those whose post is to run, in the order of their mains. */
  readonly posts: ActionUse[]
  /** Undefined for a job. */
  readonly parent: StepRequest['parent']
}

/** Runs one phase of one step of a job or a composite action. */
export function runPhase(
  job: JobState,
  owner: StepOwner,
  plan: StepPlan,
  phase: StepPhase,
  number: number,
): Promise<StepRun> {
  const { frame, parent, uses } = owner
  const known = uses.get(plan)
  return runStep(job, {
    frame,
    plan,
    phase,
    number,
    parent,
    condition: phase === 'main' ? plan.condition : conditionOfPhase(known, phase),
    remark: known === undefined ? '' : remarkOf(known),
    perform: async (activity) => {
      if (plan.work.kind === 'run') return runScript(activity, plan.work)
      const use = known ?? (await prepareUse(job.run, plan, job.directories.workspace))
      uses.set(plan, use)
      try {
        // A JavaScript action's post is due from the moment its pre or main starts, however that ends.
        registerPost(owner, use, phase)
        return await runAction(activity, use, phase)
      } finally {
        registerPost(owner, use, phase)
      }
    },
  })
}

function registerPost({ posts }: StepOwner, use: ActionUse, phase: StepPhase): void {
  if (phase !== 'post' && hasPost(use) && !posts.includes(use)) posts.push(use)
}

function remarkOf({ source }: ActionUse): string {
  if (source.kind === 'skipped') return 'skipped, as --skip-action says'
  return source.isStandIn ? 'stood in for by the rehearsal' : ''
}

/** An action's `pre-if` and `post-if`, which default to always. */
function conditionOfPhase(use: ActionUse | undefined, phase: StepPhase): BasicExpressionToken | undefined {
  if (use === undefined || use.source.kind === 'skipped' || use.source.manifest.runs.kind !== 'node') return undefined
  const { preIf, postIf } = use.source.manifest.runs
  return asExpression(phase === 'pre' ? preIf : postIf)
}

function asExpression(token: TemplateToken | undefined): BasicExpressionToken | undefined {
  if (token === undefined || isBasicExpression(token)) return token
  return new Expression(token.file, token.range, token.toString(), undefined, undefined, undefined)
}

async function runAction(activity: Activity, use: ActionUse, phase: StepPhase): Promise<ActivityEnd> {
  const { source } = use
  if (source.kind === 'skipped') {
    activity.log.write('Skipped, as --skip-action says')
    return { isSuccess: true }
  }
  const inputs = evaluateInputs(activity, use, source.manifest)
  if (phase === 'main') logAction(activity, use, inputs, source.manifest)
  const { runs } = source.manifest
  if (runs.kind === 'node') return runNode(activity, use, source, runs, inputs, phase)
  return runComposite(activity, use, source, runs, inputs, phase)
}

type Source = Extract<UseSource, { kind: 'action' }>

/** One phase of a composite action: the same phase of its steps. Its main phase sets its outputs, failed or not. */
async function runComposite(
  activity: Activity,
  use: ActionUse,
  source: Source,
  runs: CompositeRuns,
  inputs: Record<string, string>,
  phase: StepPhase,
): Promise<ActivityEnd> {
  use.frame ??= frameOf(activity, use, source, inputs)
  const { frame } = use
  const status = frame.composite!
  status.status = 'success'
  const parent = { log: activity.log, signal: activity.signal }
  const owner: StepOwner = { frame, uses: use.nested, posts: use.posts, parent }
  const plans = plansOfPhase(use, runs, phase)
  for (const [index, plan] of plans.entries())
    activity.children.push(await runPhase(activity.job, owner, plan, phase, index + 1))
  activity.summaries.push(...activity.children.map((step) => step.summary).filter((summary) => summary !== ''))
  if (phase === 'main') setOutputs(activity, frame, source)
  return { isSuccess: status.status === 'success' }
}

function plansOfPhase(use: ActionUse, runs: CompositeRuns, phase: StepPhase): readonly StepPlan[] {
  if (phase === 'post') return use.posts.toReversed().map((nested) => nested.plan)
  if (phase === 'main') return runs.steps
  return [...use.nested.values()].filter(hasPre).map((nested) => nested.plan)
}

/** A composite action's steps see its inputs, their own results, and the environment of the step that uses it. */
function frameOf(activity: Activity, use: ActionUse, source: Source, inputs: Record<string, string>): Frame {
  const { env, frame, job } = activity
  const around = environmentIn(job, { ...frame, overrides: {} }, {})
  const overrides = Object.fromEntries(Object.entries(env).filter(([name, value]) => around[name] !== value))
  return {
    file: source.manifest.file,
    steps: {},
    inputs,
    overrides,
    github: { action: use.plan.actionName, ...source.github },
    composite: { status: 'success' },
  }
}

function setOutputs(activity: Activity, frame: Frame, source: Source): void {
  const scope = stepScope(activity.job, frame, environmentIn(activity.job, frame, {}))
  for (const [name, value] of source.manifest.outputs)
    if (value !== undefined) activity.outputs.set(name, evaluateText(value, scope))
}
