import { PLAIN_KEY } from './condition.ts'
import type { PathStep } from './json-value.ts'
import { TextCursor } from './text-cursor.ts'

/**
 * Reads where a value stands in a JSON document: `version`, `build.version`, `items[0].version`, `["odd key"].x`.
 *
 * @throws {SyntaxProblem} with carets under the offending place
 */
export function parseValuePath(given: string): readonly PathStep[] {
  const text = given.trim()
  const cursor = new TextCursor(text)
  const steps = /^[.[]/.test(text) ? [] : [takeKey(cursor)]
  const path = [...steps, ...takePath(cursor)]
  if (!cursor.atEnd) throw cursor.problem('not a path; write one such as build.version or items[0].version')
  return path
}

/** `.key`, `[0]` and `["key"]`, as many as there are. */
export function takePath(cursor: TextCursor): PathStep[] {
  const steps: PathStep[] = []
  while (true) {
    if (cursor.take('.')) steps.push(takeKey(cursor))
    else if (cursor.take('[')) steps.push(takeBracket(cursor))
    else return steps
  }
}

function takeKey(cursor: TextCursor): string {
  const key = cursor.match(PLAIN_KEY)
  if (key === undefined) throw cursor.problem('a key is missing; write .key, [0] or ["key"]')
  return key
}

function takeBracket(cursor: TextCursor): PathStep {
  const quoted = /["']/.test(cursor.text[cursor.at] ?? '')
  const step = quoted ? takeQuoted(cursor) : takeIndex(cursor)
  if (!cursor.take(']')) throw cursor.problem("the closing ']' is missing")
  return step
}

function takeIndex(cursor: TextCursor): number {
  const digits = cursor.match(/\d{1,9}/y)
  if (digits === undefined) throw cursor.problem('a place in a list is missing; write [0], or ["key"] for a key')
  return Number(digits)
}

/** Text in double quotes, where `\"` and `\\` are escapes, or in single ones, where there are none. */
export function takeQuoted(cursor: TextCursor): string {
  const from = cursor.at
  const quoted = cursor.match(/"(?:\\.|[^"\\])*"|'[^']*'/y)
  if (quoted === undefined) throw cursor.problem('the closing quote is missing', from, cursor.text.length)
  const inner = quoted.slice(1, -1)
  return quoted.startsWith('"') ? inner.replaceAll(/\\(["\\])/g, '$1') : inner
}
