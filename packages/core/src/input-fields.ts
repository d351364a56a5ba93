import * as v from 'valibot'
import { parseDuration } from './duration.ts'
import type { Field } from './inputs.ts'
import { parseSize } from './size.ts'
import { loadYamlParser, parseYaml } from './yaml-parser.ts'

/** The field may stay empty; then its value is undefined. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, empty: { value: undefined } }
}

/** A credential or the like: masked, and never quoted in a message. */
export function secret<T>(field: Field<T>): Field<T> {
  return { ...field, secret: true }
}

/** Text as it is; `check` returns what is wrong with it, or nothing. */
export function text(check: (given: string) => string | undefined = () => undefined): Field<string> {
  return {
    parse: (given) => {
      const problem = check(given)
      if (problem !== undefined) throw new RangeError(problem)
      return given
    },
  }
}

/** YAML 1.2's booleans, as `@actions/core` reads them. */
export function boolean(): Field<boolean> {
  return {
    parse: (given) => {
      if (/^(true|True|TRUE)$/.test(given)) return true
      if (/^(false|False|FALSE)$/.test(given)) return false
      throw new RangeError(`'${given}' is not a boolean; write true or false`)
    },
  }
}

export function integer(limits: { min?: number; max?: number } = {}): Field<number> {
  return {
    parse: (given) => {
      if (!/^[+-]?\d+$/.test(given)) throw new RangeError(`'${given}' is not a whole number`)
      return within(Number(given), given, limits)
    },
  }
}

export function number(limits: { min?: number; max?: number } = {}): Field<number> {
  return {
    parse: (given) => {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(given)) throw new RangeError(`'${given}' is not a number`)
      return within(Number(given), given, limits)
    },
  }
}

function within(value: number, given: string, limits: { min?: number; max?: number }): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = limits
  if (value < min) throw new RangeError(`'${given}' is too small; the least is ${min}`)
  if (value > max) throw new RangeError(`'${given}' is too large; the most is ${max}`)
  return value
}

/** One of `words`, exactly as written. */
export function choice<const W extends string>(...words: readonly W[]): Field<W> {
  return {
    parse: (given) => {
      const word = words.find((candidate) => candidate === given)
      if (word === undefined) throw new RangeError(`'${given}' is not one of ${words.join(', ')}`)
      return word
    },
  }
}

/** Milliseconds. */
export function duration(limits: { minMs?: number } = {}): Field<number> {
  return {
    parse: (given) => {
      const ms = parseDuration(given)
      if (limits.minMs !== undefined && ms < limits.minMs)
        throw new RangeError(`'${given}' is too short; the least is ${limits.minMs}ms`)
      return ms
    },
  }
}

/** Bytes. */
export function size(): Field<number> {
  return { parse: parseSize }
}

/** One item a line; with `commas`, one line may hold several. Empty items are dropped; an empty list is a value. */
export function list<T>(item: Field<T>, options: { commas?: boolean } = {}): Field<readonly T[]> {
  return {
    empty: { value: [] },
    parse: (given) => {
      const pieces = splitList(given, options.commas ?? false)
      const problems: string[] = []
      const values: T[] = []
      for (const piece of pieces) {
        try {
          values.push(item.parse(piece))
        } catch (error) {
          problems.push(error instanceof Error ? error.message : String(error))
        }
      }
      if (problems.length > 0) throw new RangeError(problems.join('; '))
      return values
    },
  }
}

/** A list that must not be empty. */
export function requiredList<T>(item: Field<T>, options: { commas?: boolean } = {}): Field<readonly T[]> {
  const { parse, secret: isSecret } = { secret: false, ...list(item, options) }
  return {
    secret: isSecret,
    parse: (given) => {
      const items = parse(given)
      if (items.length === 0) throw new RangeError('is required, and only empty items were given')
      return items
    },
  }
}

function splitList(given: string, commas: boolean): string[] {
  const lines = given.split(/\r?\n/)
  const pieces = commas ? lines.flatMap((line) => line.split(',')) : lines
  return pieces.map((piece) => piece.trim()).filter((piece) => piece !== '')
}

/** One `key<separator>value` a line, as pairs in the order given. A key that is given twice is refused. */
export function pairs(separator: '=' | ':', example: string): Field<readonly (readonly [string, string])[]> {
  return {
    empty: { value: [] },
    parse: (given) => {
      const seen = new Set<string>()
      return splitList(given, false).map((line) => {
        const at = line.indexOf(separator)
        if (at < 1) throw new RangeError(`'${line}' is not of the form ${example}`)
        const key = line.slice(0, at).trim()
        if (seen.has(key)) throw new RangeError(`'${key}' is given twice`)
        seen.add(key)
        return [key, line.slice(at + 1).trim()] as const
      })
    },
  }
}

/** JSON or YAML that fits `schema`; a message names the path of the offending key. */
export function structured<S extends v.GenericSchema>(schema: S): Field<v.InferOutput<S>> {
  return { prepare: loadYamlParser, parse: (given) => parseStructured(given, schema) }
}

/**
 * Parses JSON or YAML (JSON is a part of YAML 1.2) and validates it.
 *
 * @throws {RangeError} naming line and column of a syntax error, or the path of every key that does not fit
 */
export function parseStructured<S extends v.GenericSchema>(given: string, schema: S): v.InferOutput<S> {
  let data: unknown
  try {
    data = parseYaml(given)
  } catch (error) {
    throw new RangeError(
      `is neither JSON nor YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    )
  }
  const result = v.safeParse(schema, data)
  if (result.success) return result.output
  throw new RangeError(
    result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the value'}: ${issue.message}`).join('; '),
  )
}
