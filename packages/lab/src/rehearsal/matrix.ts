import { fromData } from './expression-data.ts'
import { type Placed, problemAt } from './refusal.ts'
import { membersOf } from './step-plan.ts'
import { evaluate, evaluateBoolean, evaluateNumber, type Scope, TemplateError } from './template.ts'
import { isMapping } from './workflow-parser.ts'
import type { JobPlan } from './workflow-plan.ts'

type Combination = Readonly<Record<string, unknown>>

/** The legs that a job is run in, and how. */
export interface Strategy {
  /** One for each combination; a single undefined for a job without a matrix; none for a matrix that comes out empty. */
  readonly legs: readonly (Combination | undefined)[]
  readonly failFast: boolean
  readonly maxParallel: number
}

/** GitHub's own limit. */
const maxLegs = 256

/**
 * @throws TemplateError when an expression fails or gives something that is no matrix
 * @see https://docs.github.com/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
 */
export function expandStrategy(job: JobPlan, scope: Scope): Strategy {
  if (job.strategy === undefined) return { legs: [undefined], failFast: true, maxParallel: 1 }
  if (!isMapping(job.strategy)) return expandEvaluated(fromData(evaluate(job.strategy, scope)), job.strategy, scope)
  const members = membersOf(job.strategy)
  const matrix = members.get('matrix')
  const failFast = members.get('fail-fast')
  const maxParallel = members.get('max-parallel')
  return {
    legs: matrix === undefined ? [undefined] : expandMatrix(fromData(evaluate(matrix, scope)), matrix, scope),
    failFast: failFast === undefined ? true : evaluateBoolean(failFast, scope),
    maxParallel: maxParallel === undefined ? maxLegs : evaluateNumber(maxParallel, scope),
  }
}

function expandEvaluated(strategy: unknown, at: Placed, scope: Scope): Strategy {
  if (!isRecord(strategy)) throw new TemplateError(problemAt(scope.file, at, 'The strategy is not a mapping'))
  const { matrix, 'fail-fast': failFast, 'max-parallel': maxParallel } = strategy
  return {
    legs: matrix === undefined ? [undefined] : expandMatrix(matrix, at, scope),
    failFast: failFast !== false,
    maxParallel: typeof maxParallel === 'number' ? maxParallel : maxLegs,
  }
}

function expandMatrix(matrix: unknown, at: Placed, scope: Scope): readonly Combination[] {
  const refuse = (message: string) => new TemplateError(problemAt(scope.file, at, message))
  if (!isRecord(matrix)) throw refuse('The matrix is not a mapping')
  const { include, exclude, ...vectors } = matrix
  const entries = Object.entries(vectors)
  for (const [name, values] of entries) {
    if (!Array.isArray(values)) throw refuse(`Matrix vector '${name}' is not a list`)
    if (values.length === 0) throw refuse(`Matrix vector '${name}' does not contain any values`)
  }
  if (entries.length === 0 && include === undefined) throw refuse('The matrix has no vector')
  const excluded = recordsOf(exclude, 'exclude', refuse)
  const stray = excluded.flatMap((partial) => Object.keys(partial)).find((key) => !(key in vectors))
  if (stray !== undefined) throw refuse(`Matrix exclude key '${stray}' does not match any key within the matrix`)
  const originals = combine(entries as [string, unknown[]][]).filter(
    (combination) => !excluded.some((partial) => holds(combination, partial)),
  )
  const legs = addIncludes(entries.length === 0 ? [] : originals, recordsOf(include, 'include', refuse))
  if (legs.length > maxLegs) throw refuse(`The matrix makes ${legs.length} jobs; GitHub allows ${maxLegs}`)
  return legs
}

function combine(vectors: readonly (readonly [string, readonly unknown[]])[]): readonly Combination[] {
  let combinations: readonly Combination[] = [{}]
  for (const [name, values] of vectors)
    combinations = combinations.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value })))
  return combinations
}

/**
 * An include joins each combination whose original values it does not overwrite; one that can join none is a
 * combination of its own, which later includes do not join.
 */
function addIncludes(originals: readonly Combination[], includes: readonly Combination[]): readonly Combination[] {
  const legs: Combination[] = [...originals]
  const own: Combination[] = []
  for (const include of includes) {
    let joined = false
    for (const [index, original] of originals.entries()) {
      const shared = Object.keys(include).filter((key) => key in original)
      if (!shared.every((key) => isSame(include[key], original[key]))) continue
      legs[index] = { ...legs[index], ...include }
      joined = true
    }
    if (!joined) own.push(include)
  }
  return [...legs, ...own]
}

function holds(combination: Combination, partial: Combination): boolean {
  return Object.entries(partial).every(([key, value]) => isSame(combination[key], value))
}

/** Members of objects may be given in part, as GitHub documents for `exclude`. */
function isSame(left: unknown, right: unknown): boolean {
  if (isRecord(left) && isRecord(right)) return holds(left, right)
  if (typeof left === 'string' && typeof right === 'string') return left.toLowerCase() === right.toLowerCase()
  return JSON.stringify(left) === JSON.stringify(right)
}

function recordsOf(value: unknown, name: string, refuse: (message: string) => Error): readonly Combination[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(isRecord)) throw refuse(`Matrix '${name}' is not a list of mappings`)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `test (ubuntu-latest, 24)`, as GitHub names the leg of a job that has no name of its own. */
export function legName(jobName: string, leg: Combination | undefined): string {
  if (leg === undefined) return jobName
  const values = Object.values(leg).flatMap(function scalars(value): string[] {
    if (Array.isArray(value)) return value.flatMap(scalars)
    return isRecord(value) ? Object.values(value).flatMap(scalars) : [String(value)]
  })
  return values.length === 0 ? jobName : `${jobName} (${values.join(', ')})`
}
