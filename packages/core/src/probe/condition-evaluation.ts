import { formatDuration, parseDuration } from '../duration.ts'
import { shorten } from '../excerpt.ts'
import type { Condition, Literal, Operand, Operator, Placeholder } from './condition.ts'
import { compareDecimals, isNumber } from './decimal.ts'
import { formatJson, isJsonList, isJsonNumber, type JsonValue, valueAt } from './json-value.ts'

/** What conditions are about; what is undefined is missing. */
export interface Facts {
  readonly status: number | undefined
  readonly responseMs: number
  /** Until the certificate expires; negative when it has. */
  readonly certificateLeftMs: number | undefined
  readonly finalUrl: string
  readonly connected: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly bodyText: string | undefined
  readonly bodyJson: JsonValue | undefined
}

/** Whether a pattern matches; asynchronous, because a pattern that does not come to an end is cut off. */
export type Matcher = (pattern: string, text: string) => Promise<boolean>

/** A scalar with what it is compared by. `number` is exact, as written; `text` is for everything else. */
interface Comparable {
  readonly text: string
  readonly number: string | undefined
}

/** Whether a condition holds, and what its placeholders were, for messages. A missing value makes it false. */
export async function evaluate(
  condition: Condition,
  facts: Facts,
  matches: Matcher,
): Promise<{ holds: boolean; seen: string }> {
  const { operator } = condition
  const swap = !('of' in condition.left)
  const [left, right] = swap ? [condition.right, condition.left] : [condition.left, condition.right]
  const actual = resolve(left, facts)
  const seen = actual === undefined ? 'missing' : describe(actual, left)
  if (actual === undefined) return { holds: false, seen }
  if (right.kind === 're') {
    return { holds: (await matches(right.pattern, actual.text)) === (operator === '=='), seen }
  }
  if (right.kind === 'any') {
    const equal = right.options.some((option) => isEqual(actual, comparableLiteral(option, left), option.quoted))
    return { holds: equal === (operator === '=='), seen }
  }
  const expected = right.kind === 'literal' ? comparableLiteral(right, left) : resolve(right, facts)
  if (expected === undefined) return { holds: false, seen }
  const quoted = right.kind === 'literal' && right.quoted
  return { holds: compare(actual, swap ? mirrored(operator) : operator, expected, quoted), seen }
}

function compare(actual: Comparable, operator: Operator, expected: Comparable, quoted: boolean): boolean {
  if (operator === '==') return isEqual(actual, expected, quoted)
  if (operator === '!=') return !isEqual(actual, expected, quoted)
  if (actual.number === undefined || expected.number === undefined) return false
  const order = compareDecimals(actual.number, expected.number)
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}

/** Numbers by value; a text in quotes is also equal to the same text, and nothing else is. */
function isEqual(actual: Comparable, expected: Comparable, quoted: boolean): boolean {
  if (actual.text === expected.text) return true
  if (actual.number === undefined || expected.number === undefined) return false
  // "1.10" in quotes is not meant to be 1.1.
  return !quoted && compareDecimals(actual.number, expected.number) === 0
}

const MIRRORED: Readonly<Record<Operator, Operator>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

function mirrored(operator: Operator): Operator {
  return MIRRORED[operator]
}

/** A duration is its milliseconds where the other side is a time, and text everywhere else. */
function comparableLiteral({ text }: Literal, other: Operand): Comparable {
  const isTime = 'of' in other && (other.of.kind === 'RESPONSE_TIME' || other.of.kind === 'CERTIFICATE_EXPIRATION')
  if (isTime && other.kind === 'value' && !isNumber(text)) return ofNumber(parseDuration(text))
  return ofText(text)
}

function resolve(operand: Operand, facts: Facts): Comparable | undefined {
  if (!('of' in operand)) return undefined
  if (operand.kind === 'has') return ofText(String(placeholderValue(operand.of, facts) !== undefined))
  const value = placeholderValue(operand.of, facts)
  if (value === undefined) return undefined
  if (operand.kind === 'len') return lengthOf(value)
  if (operand.of.kind === 'BODY' && operand.of.path.length === 0 && facts.bodyText !== undefined) {
    // The whole body is its text as it came, but for the line break that most files end with.
    return typeof value === 'string' ? ofText(value) : ofText(facts.bodyText.trim())
  }
  return isJsonNumber(value) ? { text: value.digits, number: value.digits } : ofText(textOf(value))
}

function placeholderValue(placeholder: Placeholder, facts: Facts): JsonValue | undefined {
  switch (placeholder.kind) {
    case 'STATUS':
      return facts.status === undefined ? undefined : String(facts.status)
    case 'RESPONSE_TIME':
      return String(Math.round(facts.responseMs))
    case 'CERTIFICATE_EXPIRATION':
      return facts.certificateLeftMs === undefined ? undefined : String(Math.round(facts.certificateLeftMs))
    case 'FINAL_URL':
      return facts.finalUrl
    case 'CONNECTED':
      return String(facts.connected)
    case 'HEADERS':
      return Object.hasOwn(facts.headers, placeholder.name) ? facts.headers[placeholder.name] : undefined
    case 'BODY':
      if (placeholder.path.length > 0) return valueAt(facts.bodyJson, placeholder.path)
      return facts.bodyJson ?? facts.bodyText?.trim()
  }
}

/** Members of a list or an object, characters of a text; nothing else has a length. */
function lengthOf(value: JsonValue): Comparable | undefined {
  if (typeof value === 'string') return ofNumber([...value].length)
  if (isJsonList(value)) return ofNumber(value.length)
  return value instanceof Map ? ofNumber(value.size) : undefined
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : formatJson(value)
}

function ofText(text: string): Comparable {
  return { text, number: isNumber(text) ? text : undefined }
}

function ofNumber(value: number): Comparable {
  return ofText(String(value))
}

/** A time for people; everything else as it is compared. */
function describe({ text }: Comparable, operand: Operand): string {
  const kind = operand.kind === 'value' ? operand.of.kind : undefined
  if (kind === 'RESPONSE_TIME') return `${text}ms`
  if (kind !== 'CERTIFICATE_EXPIRATION') return shorten(text, 100)
  const ms = Number(text)
  return ms < 0 ? `expired ${formatDuration(-ms)} ago` : formatDuration(ms)
}
