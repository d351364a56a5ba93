import { delimiter } from 'node:path'
import type { ActionLibrary } from './action-library.ts'
import { findActionFile, parseActionManifest, readActionManifest } from './action-manifest.ts'
import { actionName, parseActionReference } from './action-reference.ts'
import { jobStatusFunctions } from './expression-functions.ts'
import { checkRunsOn, containerProblems } from './job-machine.ts'
import { expandStrategy } from './matrix.ts'
import { type Problem, problemAt, Refusal } from './refusal.ts'
import { type Repository, readCommitted } from './repository.ts'
import { isInstalled } from './shell.ts'
import { membersOf } from './step-plan.ts'
import { evaluateCondition, type Scope, TemplateError } from './template.ts'
import { isString } from './workflow-parser.ts'
import type { JobPlan, StepPlan, StepsBody, UsesWork, WorkflowPlan } from './workflow-plan.ts'

export interface CapabilityFacts {
  readonly repository: Repository
  readonly actions: ActionLibrary
  /** PATH of the steps. */
  readonly path: string
  /** `github` and `vars`; `inputs` too, unless they are those of a call that is yet to come. */
  readonly contexts: Readonly<Record<string, unknown>>
}

/** Everything in a workflow that GitHub can do and a rehearsal cannot, found before any step runs. */
export async function findProblems(plan: WorkflowPlan, facts: CapabilityFacts): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  for (const job of plan.jobs) {
    const scope: Scope = { file: plan.file, contexts: facts.contexts }
    if (job.body.kind === 'call' || neverRuns(job, scope)) continue
    problems.push(...containerProblems(plan.file, job.id, job.body), ...runsOnProblems(job, job.body, scope))
    problems.push(...shellProblems(plan, job.body, facts))
    problems.push(...(await stepProblems(plan.file, job.body.steps, facts, new Set())))
  }
  return problems
}

/** Whether the condition of a job that waits for no other is false from the start. */
function neverRuns(job: JobPlan, scope: Scope): boolean {
  if (job.needs.length > 0) return false
  try {
    const contexts = { ...scope.contexts, needs: {} }
    return !evaluateCondition(job.condition, { ...scope, contexts, functions: jobStatusFunctions([], false) })
  } catch (error) {
    if (error instanceof TemplateError) return false
    throw error
  }
}

/** What depends on the results of other jobs, or on the inputs of a call, is looked at again when the job starts. */
function runsOnProblems(job: JobPlan, body: StepsBody, scope: Scope): readonly Problem[] {
  try {
    const { legs } = expandStrategy(job, scope)
    const problems = legs.flatMap((leg) => {
      const contexts = { ...scope.contexts, matrix: leg ?? null, strategy: null }
      return checkRunsOn(body.runsOn, { ...scope, contexts }) ?? []
    })
    return problems.slice(0, 1)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return job.needs.length > 0 || !('inputs' in scope.contexts) ? [] : [error.problem]
  }
}

function shellProblems(plan: WorkflowPlan, body: StepsBody, facts: CapabilityFacts): readonly Problem[] {
  const defaults = [plan.defaults, body.defaults].map((token) => membersOf(membersOf(token).get('run')).get('shell'))
  const shells = [...defaults, ...body.steps.map(({ work }) => (work.kind === 'run' ? work.shell : undefined))]
  return shells.flatMap((token) => {
    if (token === undefined || !isString(token)) return []
    const [command = ''] = token.value.split(' ')
    if (isInstalled(command, facts.path.split(delimiter))) return []
    return problemAt(plan.file, token, `The shell ${command} is not installed on this machine`)
  })
}

async function stepProblems(
  file: string,
  steps: readonly StepPlan[],
  facts: CapabilityFacts,
  seen: Set<string>,
): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  for (const { work } of steps)
    if (work.kind === 'uses') problems.push(...(await usesProblems(file, work, facts, seen)))
  return problems
}

async function usesProblems(
  file: string,
  work: UsesWork,
  facts: CapabilityFacts,
  seen: Set<string>,
): Promise<readonly Problem[]> {
  const refuse = (message: string) => [problemAt(file, work.uses, message)]
  const reference = parseActionReference(work.uses.value)
  if (reference === undefined)
    return refuse(`'${work.uses.value}' is no action; write owner/name@ref, ./folder or docker://image`)
  if (reference.kind === 'docker')
    return refuse(`${work.uses.value} is a container; the rehearsal has no container engine`)
  if (reference.kind === 'local') return localProblems(reference.path, facts, seen)
  const source = await facts.actions.find(reference)
  if (source.kind === 'unknown') return refuse(source.message)
  if (source.kind === 'skipped') return []
  const inputs = source.unsupported.flatMap((name) => unsupportedInput(file, work, name))
  const actionFile = findActionFile(source.directory)
  if (actionFile === undefined) return refuse(`There is no action.yml in ${source.directory}`)
  const manifest = () => readActionManifest(actionFile, `${actionName(reference)}/action.yml`)
  return [...inputs, ...(await manifestProblems(manifest, facts, seen))]
}

function unsupportedInput(file: string, work: UsesWork, name: string): readonly Problem[] {
  const value = membersOf(work.with).get(name)
  if (value === undefined || value.isExpression || ['', 'false'].includes(value.toString())) return []
  return [problemAt(file, value, `The rehearsal's stand-in for ${work.uses.value} does not support '${name}'`)]
}

/** A local action is looked at as committed; one that is not there yet may be made by a step. */
async function localProblems(path: string, facts: CapabilityFacts, seen: Set<string>): Promise<readonly Problem[]> {
  const folder = path.replace(/^\.\//, '').replace(/\/+$/, '')
  for (const name of ['action.yml', 'action.yaml']) {
    const file = folder === '' || folder === '.' ? name : `${folder}/${name}`
    const content = await readCommitted(facts.repository, file)
    if (content !== undefined) return manifestProblems(async () => parseActionManifest(file, content), facts, seen)
  }
  return []
}

async function manifestProblems(
  read: () => Promise<Awaited<ReturnType<typeof readActionManifest>>>,
  facts: CapabilityFacts,
  seen: Set<string>,
): Promise<readonly Problem[]> {
  try {
    const { file, runs } = await read()
    // An action that uses itself is not followed for ever.
    if (seen.has(file)) return []
    seen.add(file)
    return runs.kind === 'composite' ? await stepProblems(file, runs.steps, facts, seen) : []
  } catch (error) {
    if (error instanceof Refusal) return error.problems
    throw error
  }
}
