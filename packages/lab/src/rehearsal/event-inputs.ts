import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { fromData } from './expression-data.ts'
import { type Placed, type Problem, problemAt, Refusal } from './refusal.ts'
import { membersOf } from './step-plan.ts'
import { evaluate, type Scope } from './template.ts'
import { isBoolean, isMapping, isSequence } from './workflow-parser.ts'

export type InputValue = string | boolean | number

interface InputDefinition {
  readonly name: string
  readonly at: Placed
  readonly type: string
  readonly isRequired: boolean
  readonly fallback: TemplateToken | undefined
  readonly options: readonly string[]
}

/**
 * The `inputs` context of a started or called workflow: what was given, else the default, else the type's empty value.
 * @param options what stands under `workflow_dispatch` or `workflow_call`
 * @throws Refusal with every input that is missing, unknown or of another type
 */
export function resolveInputs(
  options: TemplateToken | undefined,
  given: Readonly<Record<string, InputValue>>,
  scope: Scope,
): Record<string, InputValue> {
  const definitions = definitionsOf(options)
  const problems: Problem[] = []
  const values: Record<string, InputValue> = {}
  for (const name of Object.keys(given))
    if (!definitions.some((definition) => sameName(definition.name, name)))
      problems.push(problemAt(scope.file, undefined, unknownInput(name, definitions)))
  for (const definition of definitions) {
    const value = Object.entries(given).find(([name]) => sameName(name, definition.name))?.[1]
    const resolved = resolveInput(definition, value, scope)
    if (typeof resolved === 'object') problems.push(problemAt(scope.file, definition.at, resolved.problem))
    else values[definition.name] = resolved
  }
  if (problems.length > 0) throw new Refusal(problems)
  return values
}

/**
 * What a calling workflow hands to inputs of another type. Unlike what a person types in a form, it is not converted: the
 * text 'true', or nothing, is no boolean.
 */
export function typeProblems(
  options: TemplateToken | undefined,
  given: readonly { readonly name: string; readonly at: Placed; readonly value: unknown }[],
  file: string,
): readonly Problem[] {
  const definitions = definitionsOf(options)
  return given.flatMap(({ name, at, value }) => {
    const type = definitions.find((definition) => sameName(definition.name, name))?.type
    if ((type !== 'boolean' && type !== 'number') || typeof value === type) return []
    const wanted = type === 'boolean' ? 'true or false' : 'a number'
    return problemAt(file, at, `Input '${name}' has to be ${wanted}; the text '${value ?? ''}' was given`)
  })
}

function definitionsOf(options: TemplateToken | undefined): readonly InputDefinition[] {
  const inputs = membersOf(options).get('inputs')
  if (inputs === undefined || !isMapping(inputs)) return []
  return [...inputs].map(({ key, value }) => {
    const members = membersOf(value)
    const required = members.get('required')
    const choices = members.get('options')
    return {
      name: key.toString(),
      at: key,
      type: members.get('type')?.toString() ?? 'string',
      isRequired: required !== undefined && isBoolean(required) && required.value,
      fallback: members.get('default'),
      options: choices !== undefined && isSequence(choices) ? [...choices].map((item) => item.toString()) : [],
    }
  })
}

function resolveInput(
  definition: InputDefinition,
  given: InputValue | undefined,
  scope: Scope,
): InputValue | { readonly problem: string } {
  const { name, type, options } = definition
  const fallback = definition.fallback === undefined ? undefined : fromData(evaluate(definition.fallback, scope))
  const value = given ?? (fallback as InputValue | null | undefined) ?? undefined
  if (value === undefined || (value === '' && definition.isRequired)) {
    if (definition.isRequired)
      return { problem: `Required input '${name}' not provided; give it with --input ${name}=…` }
    return emptyValueOf(type, options)
  }
  if (type === 'boolean') return toBoolean(value) ?? expected(name, 'true or false', value)
  if (type === 'number') return toNumber(value) ?? expected(name, 'a number', value)
  if (type === 'choice' && !options.includes(String(value)))
    return expected(name, `one of ${options.join(', ')}`, value)
  return String(value)
}

/** What the form on GitHub starts with. */
function emptyValueOf(type: string, options: readonly string[]): InputValue {
  if (type === 'boolean') return false
  if (type === 'number') return 0
  return type === 'choice' ? (options[0] ?? '') : ''
}

function toBoolean(value: InputValue): boolean | undefined {
  const text = String(value)
  return text === 'true' ? true : text === 'false' ? false : undefined
}

function toNumber(value: InputValue): number | undefined {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value)
  return Number.isFinite(number) ? number : undefined
}

function expected(name: string, kind: string, value: InputValue): { readonly problem: string } {
  return { problem: `Input '${name}' has to be ${kind}; '${value}' was given` }
}

function sameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

function unknownInput(name: string, definitions: readonly InputDefinition[]): string {
  const known = definitions.map((definition) => definition.name).join(', ')
  return `Unexpected input '${name}'; ${known === '' ? 'this event takes none' : `the inputs are ${known}`}`
}
