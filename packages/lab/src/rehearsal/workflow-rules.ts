import { type Problem, problemAt } from './refusal.ts'
import { membersOf } from './step-plan.ts'
import type { WorkflowPlan } from './workflow-plan.ts'

/** What GitHub refuses in a workflow file and its parser lets pass. */
export function findViolations(plan: WorkflowPlan): readonly Problem[] {
  return [...idleJobs(plan), ...repeatedIds(plan), ...doubleFilters(plan)]
}

/** @see https://github.com/actions/languageservices/pull/98 */
function idleJobs({ file, jobs }: WorkflowPlan): readonly Problem[] {
  const idle = jobs.filter(({ body }) => body.kind === 'steps' && body.steps.length === 0)
  const message = 'No steps defined in `steps` and no workflow called in `uses` for the job'
  return idle.map(({ id, at }) => problemAt(file, at, `${message} '${id}'`))
}

/** Ids that differ in case alone are the same; the parser knows only those that do not differ at all. */
function repeatedIds({ file, jobs }: WorkflowPlan): readonly Problem[] {
  return jobs.flatMap(({ body }) => {
    if (body.kind === 'call') return []
    const named = body.steps.flatMap(({ id, at }) => (id === undefined ? [] : [{ id, at }]))
    const ids = named.map(({ id }) => id.toLowerCase())
    return named
      .filter((_, index) => ids.indexOf(ids[index]!) < index)
      .map(({ id, at }) =>
        problemAt(file, at, `The identifier '${id}' may not be used more than once within the same scope.`),
      )
  })
}

/** @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onpushbranchestagsbranches-ignoretags-ignore */
function doubleFilters({ file, triggers }: WorkflowPlan): readonly Problem[] {
  return triggers.flatMap(({ at, options }) => {
    const given = membersOf(options)
    return ['branches', 'tags', 'paths']
      .filter((name) => given.has(name) && given.has(`${name}-ignore`))
      .map((name) =>
        problemAt(file, at, `you may only define one of \`${name}\` and \`${name}-ignore\` for a single event`),
      )
  })
}
