import type { Run } from './run.ts'
import { membersOf } from './step-plan.ts'
import type { CallBody, Trigger } from './workflow-plan.ts'
import type { WorkflowSet } from './workflow-set.ts'

/** What a user should know before the first step: where the rehearsal differs from a run on GitHub. */
export function findNotices(run: Run, workflows: WorkflowSet, trigger: Trigger): readonly string[] {
  const notices: string[] = []
  const { main, called, text } = workflows
  if (!run.workflowFile.startsWith('.github/workflows/'))
    notices.push('GitHub runs only workflows in .github/workflows: this file is played as if it lay there')
  if (run.repository.head?.isDirty)
    notices.push('The work tree has changes that are not committed: a checkout gives the files as committed')
  if (trigger.event === 'workflow_call')
    notices.push(
      'The workflow is meant to be called by another one: it is played as if it had been, with the inputs given',
    )
  const options = membersOf(trigger.options)
  if (options.has('paths') || options.has('paths-ignore'))
    notices.push('The path filters of the event are not looked at: the workflow is played in any case')
  const plans = [main, ...called.values()]
  if (plans.some((plan) => plan.concurrency !== undefined || plan.jobs.some((job) => job.concurrency !== undefined)))
    notices.push('`concurrency` has nothing to wait for: a rehearsal is alone')
  if ('AWS_ACCESS_KEY_ID' in run.settings.labVariables)
    notices.push(
      "The lab's own AWS keys are in every step's environment, as those of a runner's instance profile would be",
    )
  // What a called workflow is handed under a name of its own is not asked for by that name.
  const handed = plans.flatMap(({ jobs }) => jobs.flatMap(({ body }) => (body.kind === 'call' ? secretsOf(body) : [])))
  for (const name of missingNames(text, 'secrets', [...Object.keys(run.settings.secrets), ...handed]))
    notices.push(`secrets.${name} is empty; give it a value with --secret ${name}=…`)
  for (const name of missingNames(text, 'vars', Object.keys(run.settings.vars)))
    notices.push(`vars.${name} is empty; give it a value with --var ${name}=…`)
  return notices
}

function secretsOf({ secrets }: CallBody): readonly string[] {
  return secrets === 'inherit' ? [] : [...membersOf(secrets).keys()]
}

/** Names that the files mention and nobody has given: as on GitHub they are empty, which is easily overlooked. */
function missingNames(text: string, context: string, given: readonly string[]): readonly string[] {
  const known = new Set(given.map((name) => name.toUpperCase()))
  const expressions = [...text.matchAll(/\$\{\{(.*?)\}\}|\bif:(.*)$/gms)].map(([match]) => match).join('\n')
  const pattern = new RegExp(`\\b${context}\\.([A-Za-z_][A-Za-z0-9_]*)`, 'g')
  const names = new Set([...expressions.matchAll(pattern)].map(([, name = '']) => name))
  return [...names].filter((name) => !known.has(name.toUpperCase()))
}
