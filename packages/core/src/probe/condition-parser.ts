import { type Condition, type Literal, OPERATORS, type Operand, type Operator, type Placeholder } from './condition.ts'
import { checkMeaning } from './condition-check.ts'
import { compilePattern, patternProblem } from './pattern-matcher.ts'
import { TextCursor } from './text-cursor.ts'
import { takePath, takeQuoted } from './value-path.ts'

const SIMPLE = ['STATUS', 'RESPONSE_TIME', 'CERTIFICATE_EXPIRATION', 'FINAL_URL', 'CONNECTED'] as const
const KNOWN = [...SIMPLE, 'BODY', 'HEADERS'].map((name) => `[${name}]`).join(', ')

/** Where an operand stands in the text, for messages. */
export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * Reads one condition.
 *
 * @throws {SyntaxProblem} with carets under the offending place; never anything else, whatever the text
 */
export function parseCondition(given: string): Condition {
  const cursor = new TextCursor(given.trim())
  const [left, leftSpan] = spanned(cursor, () => takeOperand(cursor, 'left'))
  cursor.skipBlanks()
  if (cursor.atEnd && left.kind === 'has') {
    return { left, operator: '==', right: { kind: 'literal', text: 'true', quoted: false } }
  }
  const [operator, operatorSpan] = spanned(cursor, () => takeOperator(cursor))
  cursor.skipBlanks()
  const [right, rightSpan] = spanned(cursor, () => takeOperand(cursor, 'right'))
  cursor.skipBlanks()
  if (!cursor.atEnd)
    throw cursor.problem('nothing may follow here; write one condition a line', cursor.at, given.length)
  const condition = { left, operator, right }
  checkMeaning(condition, { left: leftSpan, operator: operatorSpan, right: rightSpan }, cursor)
  return condition
}

function spanned<T>(cursor: TextCursor, take: () => T): [T, Span] {
  const from = cursor.at
  const taken = take()
  return [taken, { from, to: cursor.at }]
}

function takeOperator(cursor: TextCursor): Operator {
  const from = cursor.at
  const operator = OPERATORS.find((candidate) => cursor.take(candidate))
  if (operator !== undefined && cursor.startsWith('=')) {
    throw cursor.problem(`'${operator}=' is no operator; write ${operator}`, from, cursor.at + 1)
  }
  if (operator !== undefined) return operator
  if (cursor.startsWith('=')) throw cursor.problem("'=' is no operator; write ==")
  if (cursor.atEnd) throw cursor.problem(`an operator is missing; write one of ${OPERATORS.join(' ')}`)
  throw cursor.problem(`here must be one of ${OPERATORS.join(' ')}`)
}

function takeOperand(cursor: TextCursor, side: 'left' | 'right'): Operand {
  if (cursor.atEnd) throw cursor.problem('a value is missing; write "" for an empty text')
  if (cursor.startsWith('[')) return { kind: 'value', of: takePlaceholder(cursor) }
  if (/["']/.test(cursor.text[cursor.at] ?? '')) return quotedLiteral(cursor)
  const from = cursor.at
  const called = cursor.match(/[A-Za-z_]\w*(?=\()/y)
  if (called !== undefined) return takeCall(cursor, called, from)
  if (side === 'right') return takeRest(cursor)
  const word = cursor.match(/[^\s<>=!]+/y)
  if (word === undefined) throw cursor.problem(`a condition begins with a placeholder: ${KNOWN}`)
  return { kind: 'literal', text: word, quoted: false }
}

/** Text without quotes goes to the end of the line. */
function takeRest(cursor: TextCursor): Literal {
  const from = cursor.at
  const text = cursor.text.slice(from).trimEnd()
  const second = /[<>]|[=!]=/.exec(text)
  if (second) {
    const [at, sign] = [from + second.index, second[0]]
    throw cursor.problem(
      'a second operator; write one condition a line, or text that has one in quotes',
      at,
      at + sign.length,
    )
  }
  cursor.at = cursor.text.length
  return { kind: 'literal', text, quoted: false }
}

function takePlaceholder(cursor: TextCursor): Placeholder {
  const from = cursor.at
  const name = cursor.match(/\[[^\]]*\]/y)?.slice(1, -1)
  if (name === undefined) throw cursor.problem("the closing ']' is missing", from, cursor.text.length)
  if (name === 'BODY') return { kind: 'BODY', path: takePath(cursor) }
  if (name === 'HEADERS') {
    const header = cursor.take('.') ? cursor.match(/[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y) : undefined
    if (header === undefined) throw cursor.problem('a header is missing; write [HEADERS].name', from, cursor.at)
    return { kind: 'HEADERS', name: header.toLowerCase() }
  }
  const kind = SIMPLE.find((simple) => simple === name)
  if (kind === undefined) throw cursor.problem(`unknown placeholder [${name}]; there are ${KNOWN}`, from, cursor.at)
  if (/[.[]/.test(cursor.text[cursor.at] ?? '')) throw cursor.problem(`[${kind}] has no parts`)
  return { kind }
}

function takeCall(cursor: TextCursor, name: string, from: number): Operand {
  const known = ['len', 'has', 'any', 're']
  if (!known.includes(name)) {
    const hint = name === 'pat' ? '; for a pattern there is re()' : ''
    throw cursor.problem(
      `unknown function ${name}(); there are ${known.map((f) => `${f}()`).join(', ')}${hint}`,
      from,
      cursor.at,
    )
  }
  cursor.take('(')
  cursor.skipBlanks()
  if (name === 're') return { kind: 're', pattern: takePattern(cursor) }
  if (name === 'any') return { kind: 'any', options: takeOptions(cursor) }
  if (!cursor.startsWith('[')) throw cursor.problem(`${name}() takes a placeholder such as [BODY].items`)
  const of = takePlaceholder(cursor)
  closeCall(cursor)
  return { kind: name === 'len' ? 'len' : 'has', of }
}

function closeCall(cursor: TextCursor): void {
  cursor.skipBlanks()
  if (!cursor.take(')')) throw cursor.problem("the closing ')' is missing")
}

function takeOptions(cursor: TextCursor): Literal[] {
  const options: Literal[] = []
  do {
    cursor.skipBlanks()
    if (/["']/.test(cursor.text[cursor.at] ?? '')) options.push(quotedLiteral(cursor))
    else {
      const text = cursor.match(/[^,)]*/y)?.trim() ?? ''
      if (text === '') throw cursor.problem('a value is missing; write "" for an empty text')
      options.push({ kind: 'literal', text, quoted: false })
    }
    cursor.skipBlanks()
  } while (cursor.take(','))
  closeCall(cursor)
  return options
}

/** In quotes, or without them to the last bracket of the line. */
function takePattern(cursor: TextCursor): string {
  const from = cursor.at
  const quoted = /["']/.test(cursor.text[cursor.at] ?? '')
  const end = cursor.text.lastIndexOf(')')
  if (!quoted && end < from) throw cursor.problem("the closing ')' is missing", from, cursor.text.length)
  const pattern = quoted ? takeQuoted(cursor) : cursor.text.slice(from, end).trim()
  if (!quoted) cursor.at = end
  const to = cursor.at
  closeCall(cursor)
  if (pattern === '') throw cursor.problem('the pattern is empty', from, to)
  try {
    compilePattern(pattern)
  } catch (error) {
    throw cursor.problem(`not a regular expression: ${patternProblem(error)}`, from, to)
  }
  return pattern
}

function quotedLiteral(cursor: TextCursor): Literal {
  return { kind: 'literal', text: takeQuoted(cursor), quoted: true }
}
