import { parseDuration } from '../duration.ts'
import type { Condition, Literal, Operand, Operator } from './condition.ts'
import type { Span } from './condition-parser.ts'
import { isNumber } from './decimal.ts'
import type { TextCursor } from './text-cursor.ts'

/** Refuses what reads well and could never be true, such as `[STATUS] == OK` or `[BODY].n < many`. */
export function checkMeaning(
  condition: Condition,
  spans: Readonly<Record<'left' | 'operator' | 'right', Span>>,
  cursor: TextCursor,
): void {
  const { left, operator, right } = condition
  const fail = (message: string, { from, to }: Span): Error => cursor.problem(message, from, to)
  if (!('of' in left) && !('of' in right)) {
    throw fail('a condition needs a placeholder such as [STATUS] or [BODY].key', { from: 0, to: cursor.text.length })
  }
  for (const [operand, other, span] of [
    [left, right, spans.left],
    [right, left, spans.right],
  ] as const) {
    if ((operand.kind === 'any' || operand.kind === 're') && !['==', '!='].includes(operator)) {
      throw fail(`${operand.kind}() goes with == and != only`, spans.operator)
    }
    for (const literal of literalsOf(operand)) {
      const expected = expectedOf(other, operator, literal)
      if (expected !== undefined) throw fail(`${expected}; '${literal.text}' is not`, span)
    }
  }
}

function literalsOf(operand: Operand): readonly Literal[] {
  if (operand.kind === 'literal') return [operand]
  return operand.kind === 'any' ? operand.options : []
}

/** What a literal must be to have a chance against `other`, when it is not that. */
function expectedOf(other: Operand, operator: Operator, { text }: Literal): string | undefined {
  if (!('of' in other)) return undefined
  const { kind } = other.of
  if (other.kind === 'has' || (other.kind === 'value' && kind === 'CONNECTED')) {
    const is = other.kind === 'has' ? 'has()' : '[CONNECTED]'
    return /^(true|false)$/.test(text) && /^[=!]=$/.test(operator)
      ? undefined
      : `${is} is compared with == true or false`
  }
  if (other.kind === 'len') return /^\d+$/.test(text) ? undefined : 'len() is compared with a whole number'
  if (kind === 'STATUS') return /^\d+$/.test(text) ? undefined : '[STATUS] is compared with a number such as 200'
  if (kind === 'RESPONSE_TIME' || kind === 'CERTIFICATE_EXPIRATION') {
    const example = kind === 'RESPONSE_TIME' ? '300ms' : '7d'
    const ok = isDuration(text) || (kind === 'RESPONSE_TIME' && isNumber(text))
    return ok ? undefined : `[${kind}] is compared with a duration such as ${example}`
  }
  const ordering = operator !== '==' && operator !== '!='
  return ordering && !isNumber(text) ? `${operator} compares numbers` : undefined
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text)
    return true
  } catch {
    return false
  }
}
