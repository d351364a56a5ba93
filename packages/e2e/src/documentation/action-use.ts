import type { Action } from '@deploy-kit/core/action'
import { type Fields, readInputs } from '@deploy-kit/core/inputs'
import { loadYamlParser } from '@deploy-kit/core/yaml-parser'
import { action as autoRollback } from '../../../../actions/auto-rollback/src/action.ts'
import { action as bundleSizeGate } from '../../../../actions/bundle-size-gate/src/action.ts'
import { action as ecsDeploy } from '../../../../actions/ecs-deploy/src/action.ts'
import { action as ecsRunMigration } from '../../../../actions/ecs-run-migration/src/action.ts'
import { action as healthCheck } from '../../../../actions/health-check/src/action.ts'
import { action as rdsSnapshot } from '../../../../actions/rds-snapshot/src/action.ts'

/** A step that uses an action of deploy-kit. */
export interface ActionUse {
  readonly action: string
  /** The step's. */
  readonly id: string | undefined
  readonly inputs: Readonly<Record<string, string>>
  /** A part of the inputs only: what is required may be missing. */
  readonly isPart: boolean
}

await loadYamlParser()

const all = [autoRollback, bundleSizeGate, ecsDeploy, ecsRunMigration, healthCheck, rdsSnapshot]
const actions = new Map(all.map((action) => [action.name, action as unknown as Action<Fields>]))

export const actionNames: readonly string[] = [...actions.keys()]

/** Inputs that action.yml does not have, and whatever the action would refuse before its first request. */
export function findInputProblems({ action: name, inputs, isPart }: ActionUse): readonly string[] {
  const action = actions.get(name)
  if (action === undefined) return [`deploy-kit has no action ${name}`]
  const unknown = Object.keys(inputs).filter((input) => !Object.hasOwn(action.manifest.inputs, input))
  const environment = Object.entries(inputs).map(([input, text]) => [`INPUT_${input.toUpperCase()}`, standInFor(text)])
  const problems = [...unknown.map((input) => `${input}: ${name} has no such input`)]
  try {
    readInputs(action.manifest, action.fields, Object.fromEntries(environment), action.check)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const lines = error.message.split('\n').map((line) => line.replace(/^- /, ''))
    problems.push(...lines.filter((line) => /^[a-z][a-z-]*(, [a-z-]+)*: /.test(line)))
  }
  const isOpen = (input: string) => inputs[input]?.includes('${{') ?? isPart
  return problems.filter((problem) => !problem.split(': ')[0]?.split(', ').some(isOpen))
}

/** Outputs that a later step reads and action.yml does not have. */
export function findOutputProblems(workflow: string, uses: readonly ActionUse[]): readonly string[] {
  const read = [...workflow.matchAll(/\bsteps\.([\w-]+)\.outputs\.([\w-]+)/g)]
  return read.flatMap(([, id, output = '']) => {
    const action = actions.get(uses.find((use) => use.id === id)?.action ?? '')
    return action === undefined || output in action.manifest.outputs ? [] : [`${action.name} has no output ${output}`]
  })
}

/** A value for each expression; where it does not fit, what is said about the input does not count. */
function standInFor(text: string): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    /url/i.test(expression) ? 'https://example.com' : 'x',
  )
}
