import { type JsonValue, parseJson } from './json-value.ts'

/**
 * The values of a JSON text that was cut off somewhere: what is complete is there, and the rest is missing.
 * Undefined when even the beginning is no JSON.
 */
export function parseTruncatedJson(text: string): JsonValue | undefined {
  const { end, closers } = lastCompletePlace(text)
  return end === 0 ? undefined : parseJson(`${text.slice(0, end)}${closers}`)
}

/** Behind the last bracket or before the last comma that is not in a string, and the brackets that are open there. */
function lastCompletePlace(text: string): { end: number; closers: string } {
  const open: string[] = []
  const place = { end: 0, closers: '' }
  const mark = (end: number): void => {
    place.end = end
    place.closers = open.toReversed().join('')
  }
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*(?:"|$)|[{}[\],]/gs)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? '}' : ']')
      mark(index + 1)
    } else if (token === '}' || token === ']') {
      open.pop()
      mark(index + 1)
    } else if (token === ',') {
      mark(index)
    }
  }
  return place
}
