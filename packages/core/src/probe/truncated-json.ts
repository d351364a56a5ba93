import { type JsonValue, parseJson } from './json-value.ts'

/**
 * The values of a JSON text that was cut off somewhere: what is complete is there, and the rest is missing.
 * Undefined when even the beginning is no JSON.
 */
export function parseTruncatedJson(text: string): JsonValue | undefined {
  const { end, closers } = lastCompletePlace(text)
  return end === 0 ? undefined : parseJson(`${text.slice(0, end)}${closers}`)
}

const CLOSERS: Readonly<Record<string, string>> = { '{': '}', '[': ']' }

/**
 * Behind the last bracket or before the last comma that is not in a string, and the brackets that are open there. It
 * looks at each character once: whoever sends the text must not decide how long that takes.
 */
function lastCompletePlace(text: string): { end: number; closers: string } {
  const open: string[] = []
  let end = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '"') {
      at = endOfString(text, at)
      continue
    }
    const closer = CLOSERS[character]
    if (closer !== undefined) open.push(closer)
    else if (character === '}' || character === ']') open.pop()
    else if (character !== ',') continue
    end = character === ',' ? at : at + 1
  }
  return { end, closers: open.toReversed().join('') }
}

/** Where the quote stands that closes the string that begins at `from`; the text's end when none does. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at
  }
  return text.length
}
