import * as v from 'valibot'

/** One item, or a list of them. */
export const listSchema = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
)
const conditionValues = v.pipe(
  v.union([v.string(), v.boolean(), v.number(), v.array(v.union([v.string(), v.boolean(), v.number()]))]),
  v.transform((value) => (Array.isArray(value) ? value : [value]).map(String)),
)

/** The `Condition` of a statement: operator, key, values. */
export const conditionSchema = v.record(
  v.pipe(v.string(), v.check(isOperator, 'the lab does not know this condition operator')),
  v.record(v.string(), conditionValues),
)

const statement = v.pipe(
  v.strictObject({
    Sid: v.optional(v.string()),
    Effect: v.picklist(['Allow', 'Deny']),
    Action: v.optional(listSchema),
    NotAction: v.optional(listSchema),
    Resource: v.optional(listSchema),
    NotResource: v.optional(listSchema),
    Condition: v.optional(conditionSchema, {}),
  }),
  v.check((s) => (s.Action === undefined) !== (s.NotAction === undefined), 'needs either Action or NotAction'),
  v.check((s) => (s.Resource === undefined) !== (s.NotResource === undefined), 'needs either Resource or NotResource'),
)

/** What policies of every kind have around their statements. */
export function documentSchema<const S extends v.GenericSchema>(statementSchema: S) {
  return v.strictObject({
    Version: v.optional(v.picklist(['2012-10-17', '2008-10-17'])),
    Id: v.optional(v.string()),
    Statement: v.pipe(
      v.unknown(),
      v.transform((value) => (Array.isArray(value) ? value : [value])),
      v.array(statementSchema),
    ),
  })
}

const policySchema = documentSchema(statement)

/** An identity-based IAM policy whose lists are lists. */
export type IamPolicy = v.InferOutput<typeof policySchema>
type Statement = IamPolicy['Statement'][number]

/** Condition keys of a request, for example `ecs:cluster`. */
export type ConditionContext = Readonly<Record<string, string | readonly string[]>>

export interface AccessRequest {
  /** For example `ecs:RunTask`. */
  readonly action: string
  readonly resource: string
  readonly context: ConditionContext
}

export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny'

/** @throws Error that names what is wrong; a condition operator that the lab does not know is refused, not ignored */
export function parsePolicy(document: unknown): IamPolicy {
  return parseDocument('IAM policy', policySchema, document)
}

/** @param kind begins the message of the error that names what is wrong */
export function parseDocument<const S extends v.GenericSchema>(
  kind: string,
  schema: S,
  document: unknown,
): v.InferOutput<S> {
  const result = v.safeParse(schema, document)
  if (result.success) return result.output
  const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the policy'}: ${issue.message}`)
  throw new Error(`The ${kind} is not valid: ${problems.join('; ')}`)
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html */
export function evaluatePolicy(policy: IamPolicy, request: AccessRequest): Decision {
  const effects = policy.Statement.filter((candidate) => applies(candidate, request)).map(({ Effect }) => Effect)
  if (effects.includes('Deny')) return 'explicitDeny'
  return effects.includes('Allow') ? 'allowed' : 'implicitDeny'
}

function applies(candidate: Statement, request: AccessRequest): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = candidate
  const named = Action ? matchesAction(Action, request.action) : !matchesAction(NotAction ?? [], request.action)
  const touched = Resource ? matchesAny(Resource, request.resource) : !matchesAny(NotResource ?? [], request.resource)
  return named && touched && conditionsHold(Condition, request.context)
}

/** Whether every condition of a statement holds. */
export function conditionsHold(conditions: v.InferOutput<typeof conditionSchema>, context: ConditionContext): boolean {
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, valuesOf(context, key), wanted)),
  )
}

/** Actions do not depend on case. */
export function matchesAction(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, action, true))
}

function matchesAny(patterns: readonly string[], value: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, value))
}

/** `*` stands for any characters, `?` for one. */
function matchesGlob(pattern: string, value: string, ignoreCase = false): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`, ignoreCase ? 'is' : 's').test(value)
}

/** Key names do not depend on case. */
function valuesOf(context: ConditionContext, key: string): readonly string[] | undefined {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1]
  return typeof found === 'string' ? [found] : found
}

type Comparison = (actual: string, wanted: string) => boolean

const equals: Comparison = (actual, wanted) => actual === wanted
const equalsIgnoreCase: Comparison = (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase()
const like: Comparison = (actual, wanted) => matchesGlob(wanted, actual)

const comparisons: Readonly<Record<string, { readonly compare: Comparison; readonly negated?: true }>> = {
  StringEquals: { compare: equals },
  StringNotEquals: { compare: equals, negated: true },
  StringEqualsIgnoreCase: { compare: equalsIgnoreCase },
  StringNotEqualsIgnoreCase: { compare: equalsIgnoreCase, negated: true },
  StringLike: { compare: like },
  StringNotLike: { compare: like, negated: true },
  // ArnEquals and ArnLike behave identically.
  ArnEquals: { compare: like },
  ArnNotEquals: { compare: like, negated: true },
  ArnLike: { compare: like },
  ArnNotLike: { compare: like, negated: true },
  Bool: { compare: equalsIgnoreCase },
}

const operatorPattern = /^(?:(ForAnyValue|ForAllValues):)?(.+?)(IfExists)?$/

function isOperator(operator: string): boolean {
  const name = operatorPattern.exec(operator)?.[2] ?? ''
  return operator === 'Null' || name in comparisons
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
function holds(operator: string, actual: readonly string[] | undefined, wanted: readonly string[]): boolean {
  if (operator === 'Null') return wanted.some((value) => (value === 'true') === (actual === undefined))
  const [, quantifier, name = '', ifExists] = operatorPattern.exec(operator) ?? []
  const { compare, negated = false } = comparisons[name]!
  const one = (value: string) => wanted.some((candidate) => compare(value, candidate)) !== negated
  if (quantifier === 'ForAllValues') return (actual ?? []).every(one)
  if (actual === undefined) return ifExists !== undefined || (negated && quantifier === undefined)
  return actual.some(one)
}
