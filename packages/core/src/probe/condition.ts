import type { PathStep } from './json-value.ts'

/** The grammar is in docs/conditions.md; condition-parser.ts reads it and condition-evaluation.ts gives it meaning. */

export const OPERATORS = ['==', '!=', '<=', '>=', '<', '>'] as const
export type Operator = (typeof OPERATORS)[number]

export type Placeholder =
  | { readonly kind: 'STATUS' | 'RESPONSE_TIME' | 'CERTIFICATE_EXPIRATION' | 'FINAL_URL' | 'CONNECTED' }
  | { readonly kind: 'BODY'; readonly path: readonly PathStep[] }
  /** In lower case. */
  | { readonly kind: 'HEADERS'; readonly name: string }

/** Text as written. Without quotes it may also be a number, a duration, `true`, `false` or `null`. */
export interface Literal {
  readonly kind: 'literal'
  readonly text: string
  readonly quoted: boolean
}

export type Operand =
  | { readonly kind: 'value' | 'len' | 'has'; readonly of: Placeholder }
  | Literal
  | { readonly kind: 'any'; readonly options: readonly Literal[] }
  | { readonly kind: 're'; readonly pattern: string }

export interface Condition {
  readonly left: Operand
  readonly operator: Operator
  readonly right: Operand
}

/** The condition in its canonical form; parsing it gives the same condition again. */
export function formatCondition({ left, operator, right }: Condition): string {
  return `${formatOperand(left)} ${operator} ${formatOperand(right)}`
}

function formatOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'value':
      return formatPlaceholder(operand.of)
    case 'len':
    case 'has':
      return `${operand.kind}(${formatPlaceholder(operand.of)})`
    case 'literal':
      return operand.quoted ? quote(operand.text) : operand.text
    case 'any':
      return `any(${operand.options.map(formatOperand).join(', ')})`
    case 're':
      return `re(${quote(operand.pattern)})`
  }
}

function formatPlaceholder(placeholder: Placeholder): string {
  if (placeholder.kind === 'BODY') return `[BODY]${formatPath(placeholder.path)}`
  return placeholder.kind === 'HEADERS' ? `[HEADERS].${placeholder.name}` : `[${placeholder.kind}]`
}

/** What a key may hold without quotes. */
export const PLAIN_KEY = /[^\s.[\]()<>=!,"']+/y

function formatPath(path: readonly PathStep[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : formatKey(step))).join('')
}

function formatKey(key: string): string {
  PLAIN_KEY.lastIndex = 0
  return PLAIN_KEY.exec(key)?.[0] === key ? `.${key}` : `[${quote(key)}]`
}

/** `\"` and `\\` are the only escapes, so that a regular expression stays readable. */
function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

/** The placeholders that a condition looks at. */
export function placeholdersOf({ left, right }: Condition): Placeholder[] {
  return [left, right].flatMap((operand) => ('of' in operand ? [operand.of] : []))
}
