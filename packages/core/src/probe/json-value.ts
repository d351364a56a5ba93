/** A JSON number as it was written. */
export interface JsonNumber {
  readonly digits: string
}

export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | ReadonlyMap<string, JsonValue>

/** The value of a JSON text with its numbers as written, or undefined when it is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  if (text === '') return undefined
  try {
    return toValue(JSON.parse(text, keepDigits))
  } catch {
    // Not JSON, or nested deeper than the stack: either way no value can be found in it.
    return undefined
  }
}

class Digits {
  readonly digits: string

  constructor(digits: string) {
    this.digits = digits
  }
}

/** JSON.parse hands the source text of a primitive to its reviver (ECMAScript 2026, in V8 since 11.4). */
function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value
}

/** Maps have no prototype in which a path could find `constructor`. */
function toValue(raw: unknown): JsonValue {
  if (raw instanceof Digits) return raw
  if (Array.isArray(raw)) return raw.map(toValue)
  if (typeof raw === 'object' && raw !== null) {
    return new Map(Object.entries(raw).map(([key, value]) => [key, toValue(value)]))
  }
  return raw as null | boolean | string
}

export function isJsonNumber(value: JsonValue): value is JsonNumber {
  return value instanceof Digits
}

export function isJsonList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** A key of an object, or a place in a list. */
export type PathStep = string | number

/** The value at a path, or undefined when there is none. A place may be written as a key, and a key as a place. */
export function valueAt(root: JsonValue | undefined, path: readonly PathStep[]): JsonValue | undefined {
  let value = root
  for (const step of path) {
    if (value === undefined) return undefined
    if (isJsonList(value)) value = /^\d+$/.test(String(step)) ? value[Number(step)] : undefined
    else if (value instanceof Map) value = (value as ReadonlyMap<string, JsonValue>).get(String(step))
    else return undefined
  }
  return value
}

/** The value as compact JSON, numbers as written. */
export function formatJson(value: JsonValue): string {
  if (isJsonNumber(value)) return value.digits
  if (isJsonList(value)) return `[${value.map(formatJson).join(',')}]`
  if (value instanceof Map) {
    const members = [...value].map(
      ([key, member]: [string, JsonValue]) => `${JSON.stringify(key)}:${formatJson(member)}`,
    )
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value)
}

/** The string or number at a path, as text. */
export function scalarAt(root: JsonValue | undefined, path: readonly PathStep[]): string | undefined {
  const value = valueAt(root, path)
  if (typeof value === 'string') return value
  return value !== undefined && isJsonNumber(value) ? value.digits : undefined
}
