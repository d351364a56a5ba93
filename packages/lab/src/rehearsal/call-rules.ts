import { typeProblems } from './event-inputs.ts'
import { excessOf, type JobPermissions, permissionsOf, readPermissions } from './permissions.ts'
import { type Problem, problemAt } from './refusal.ts'
import { membersOf } from './step-plan.ts'
import { isLiteral } from './workflow-parser.ts'
import type { CallBody, JobPlan, WorkflowPlan } from './workflow-plan.ts'

/**
 * What GitHub refuses in the calls of a workflow, and in those of the workflows that it calls.
 * @param called by what stands behind `uses`
 * @param inherited what the caller of `plan` has; undefined for a workflow that nobody called
 */
export function findCallProblems(
  plan: WorkflowPlan,
  called: ReadonlyMap<string, WorkflowPlan>,
  inherited?: JobPermissions,
): readonly Problem[] {
  return plan.jobs.flatMap((job) => {
    const target = job.body.kind === 'call' ? called.get(job.body.uses.value) : undefined
    if (job.body.kind !== 'call' || target === undefined) return []
    const allowed = permissionsOf(job.permissions, plan.permissions, inherited)
    return [
      ...literalProblems(plan.file, job.body, target),
      ...permissionProblems(plan.file, job, job.body, target, allowed),
      ...findCallProblems(target, called, allowed),
    ]
  })
}

/** What expressions give is looked at when the job starts. */
function literalProblems(file: string, { with: given }: CallBody, target: WorkflowPlan): readonly Problem[] {
  const literals = [...membersOf(given)].filter(([, token]) => isLiteral(token) && !token.isExpression)
  const values = literals.map(([name, token]) => ({ name, at: token, value: 'value' in token ? token.value : null }))
  return typeProblems(target.triggers.find(({ event }) => event === 'workflow_call')?.options, values, file)
}

/**
 * A called workflow may ask for no more than its caller has.
 * @see https://docs.github.com/actions/reference/workflows-and-actions/reusing-workflow-configurations#access-and-permissions-for-nested-workflows
 */
function permissionProblems(
  file: string,
  { at }: JobPlan,
  { uses }: CallBody,
  target: WorkflowPlan,
  allowed: JobPermissions,
): readonly Problem[] {
  const asking = [
    { who: 'The workflow', token: target.permissions },
    ...target.jobs.map(({ id, permissions }) => ({ who: `The nested job '${id}'`, token: permissions })),
  ]
  return asking.flatMap(({ who, token }) => {
    const excess = token && excessOf(readPermissions(token), allowed)
    if (excess === undefined) return []
    const words = `is requesting '${excess.requested}', but is only allowed '${excess.allowed}'.`
    return problemAt(file, at, `Error calling workflow '${uses.value}'. ${who} ${words}`)
  })
}
