import { ActionError, messageOf } from './errors.ts'
import type { ActionManifest } from './manifest.ts'

/** How one input's text becomes a value. Fields are made by the functions in input-fields.ts. */
export interface Field<T> {
  /** @throws {Error} whose message follows the input's name: "'30' has no unit; write 30s" */
  readonly parse: (text: string) => T
  /** Loads what `parse` needs for this text and most texts do not; it has to be done before `parse` is called. */
  readonly prepare?: (text: string) => Promise<void>
  /** The value when the input is empty and action.yml has no default; without one, the input is refused. */
  readonly empty?: { readonly value: T }
  /** Masked before anything else happens and never quoted in a message. */
  readonly secret?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: a record of fields of any type; each keeps its own.
export type Fields = Readonly<Record<string, Field<any>>>

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : S

/** The values of `fields`: `max-attempts` becomes `maxAttempts`. */
export type InputsOf<F extends Fields> = {
  readonly [K in keyof F & string as CamelCase<K>]: F[K] extends Field<infer T> ? T : never
}

/** A problem that concerns several inputs; dropped when one of them could not be read at all. */
export interface InputProblem {
  readonly inputs: readonly string[]
  readonly message: string
}

/** Looks at the values together. It sees only what could be read, so every value may be missing. */
export type CrossCheck<F extends Fields> = (inputs: Partial<InputsOf<F>>) => readonly InputProblem[]

export type Environment = Readonly<Record<string, string | undefined>>

/** The text of an input: what the workflow gave, else action.yml's default. An empty value counts as not given. */
export function inputText(name: string, manifest: ActionManifest, environment: Environment): string {
  const given = environment[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`]?.trim() ?? ''
  if (given !== '') return given
  // A default that is an expression (`${{ github.token }}`) is worked out by the runner; if it gave nothing, there is nothing.
  const fallback = (manifest.inputs[name]?.default ?? '').trim()
  return /^\$\{\{/.test(fallback) ? '' : fallback
}

/** Loads what the fields need for the inputs that were given. */
export async function prepareInputs(manifest: ActionManifest, fields: Fields, environment: Environment): Promise<void> {
  for (const [name, { prepare }] of Object.entries(fields)) {
    const text = prepare === undefined ? '' : inputText(name, manifest, environment)
    if (text !== '') await prepare?.(text)
  }
}

/**
 * Reads every input of an action, for which prepareInputs has been called.
 *
 * @throws {ActionError} `bad-input`, with every problem of every input in one message
 */
export function readInputs<F extends Fields>(
  manifest: ActionManifest,
  fields: F,
  environment: Environment,
  check: CrossCheck<F> = () => [],
): InputsOf<F> {
  const collected = collectInputs(manifest, fields, environment)
  return acceptInputs(collected, check(collected.values))
}

/** What could be read of the inputs, and what is wrong with the others. */
export interface CollectedInputs<F extends Fields> {
  readonly values: Partial<InputsOf<F>>
  readonly problems: readonly string[]
  readonly unread: ReadonlySet<string>
}

/** Reads every input for itself; see acceptInputs. */
export function collectInputs<F extends Fields>(
  manifest: ActionManifest,
  fields: F,
  environment: Environment,
): CollectedInputs<F> {
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  const unread = new Set<string>()
  for (const [name, field] of Object.entries(fields)) {
    const result = readInput(name, field, manifest, environment)
    if ('problem' in result) {
      problems.push(`${name}: ${result.problem}`)
      unread.add(name)
    } else {
      values[camelCase(name)] = result.value
    }
  }
  return { values: values as Partial<InputsOf<F>>, problems, unread }
}

/**
 * The inputs, if nothing is wrong with any of them, nor (`further`) with several together.
 *
 * @throws {ActionError} `bad-input`, with every problem in one message
 */
export function acceptInputs<F extends Fields>(
  { values, problems, unread }: CollectedInputs<F>,
  further: readonly InputProblem[],
): InputsOf<F> {
  const together = further
    .filter((problem) => !problem.inputs.some((name) => unread.has(name)))
    .map((problem) => `${problem.inputs.join(', ')}: ${problem.message}`)
  const all = [...problems, ...together]
  if (all.length > 0) throw badInput(all)
  return values as unknown as InputsOf<F>
}

/** The values of secret inputs, for masking; read before anything else. */
export function secretTexts(manifest: ActionManifest, fields: Fields, environment: Environment): string[] {
  return Object.entries(fields)
    .filter(([, field]) => field.secret)
    .map(([name]) => inputText(name, manifest, environment))
    .filter((text) => text !== '')
}

function readInput(
  name: string,
  field: Field<unknown>,
  manifest: ActionManifest,
  environment: Environment,
): { value: unknown } | { problem: string } {
  const text = inputText(name, manifest, environment)
  if (text === '') {
    return field.empty ? { value: field.empty.value } : { problem: 'is required, and nothing was given' }
  }
  try {
    return { value: field.parse(text) }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

function badInput(problems: readonly string[]): ActionError {
  const [only] = problems
  const message =
    problems.length === 1 && only !== undefined
      ? only
      : `${problems.length} inputs cannot be used:\n${problems.map((problem) => `- ${problem}`).join('\n')}`
  return new ActionError('bad-input', message, {
    advice: 'Nothing was sent or changed. Correct the `with:` block of this step.',
  })
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
