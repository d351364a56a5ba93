import type { ActionManifest } from './action-manifest.ts'
import type { ActionUse } from './action-use.ts'
import type { Activity } from './activity.ts'
import { stepScope } from './job-state.ts'
import { logVariables } from './script-step.ts'
import { evaluateText, evaluateTexts } from './template.ts'

/** `with`, completed by the defaults of action.yml; a name that action.yml does not have is passed on with a warning. */
export function evaluateInputs(activity: Activity, use: ActionUse, manifest: ActionManifest): Record<string, string> {
  const { job, frame, log } = activity
  const github = { action: use.plan.actionName }
  const scope = stepScope(job, frame, activity.env, github)
  const given = evaluateTexts(use.plan.work.kind === 'uses' ? use.plan.work.with : undefined, scope)
  const inputs: Record<string, string> = {}
  for (const input of manifest.inputs) {
    const value = Object.entries(given).find(([name]) => name.toLowerCase() === input.name.toLowerCase())?.[1]
    if (value !== undefined && input.deprecation !== undefined)
      log.warn(`Input '${input.name}' has been deprecated with message: ${input.deprecation}`)
    inputs[input.name] =
      value ?? (input.fallback === undefined ? '' : evaluateText(input.fallback, { ...scope, file: manifest.file }))
  }
  const known = manifest.inputs.map((input) => input.name.toLowerCase())
  const unexpected = Object.keys(given).filter((name) => !known.includes(name.toLowerCase()))
  if (unexpected.length > 0)
    log.warn(
      `Unexpected input(s) '${unexpected.join("', '")}', valid inputs are ['${manifest.inputs.map((input) => input.name).join("', '")}']`,
    )
  for (const name of unexpected) inputs[name] = given[name] ?? ''
  return inputs
}

/** What the step is about to do, in a group. */
export function logAction(
  activity: Activity,
  use: ActionUse,
  inputs: Record<string, string>,
  manifest: ActionManifest,
): void {
  const { log, env } = activity
  log.write(`Run ${use.plan.work.kind === 'uses' ? use.plan.work.uses.value : manifest.name}`, 'group')
  logVariables(log, 'with', Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== '')))
  logVariables(log, 'env', env)
  log.write('', 'endGroup')
}

/** @see https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#inputs */
export function inputVariables(inputs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  )
}
