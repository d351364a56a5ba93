import { data } from '@actions/expressions'

export type ExpressionData = data.ExpressionData

/** Plain JSON values become what expressions work on; members that are undefined are left out. */
export function toData(value: unknown): ExpressionData {
  if (value === undefined || value === null) return new data.Null()
  if (typeof value === 'string') return new data.StringData(value)
  if (typeof value === 'number') return new data.NumberData(value)
  if (typeof value === 'boolean') return new data.BooleanData(value)
  if (Array.isArray(value)) return new data.Array(...value.map(toData))
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return new data.Dictionary(...members.map(([key, member]) => ({ key, value: toData(member) })))
}

/** A dictionary whose names keep their case. */
class CaseSensitiveDictionary extends data.Dictionary {
  readonly #members = new Map<string, ExpressionData>()

  override add(key: string, value: ExpressionData): void {
    this.#members.set(key, value)
  }

  override get(key: string): ExpressionData | undefined {
    return this.#members.get(key)
  }

  override values(): ExpressionData[] {
    return [...this.#members.values()]
  }

  override pairs(): { key: string; value: ExpressionData }[] {
    return [...this.#members].map(([key, value]) => ({ key, value }))
  }
}

/** The `env` context: names of variables keep their case, as everywhere but on Windows. */
export function environmentData(environment: Readonly<Record<string, unknown>>): ExpressionData {
  const names = process.platform === 'win32' ? new data.Dictionary() : new CaseSensitiveDictionary()
  for (const [name, value] of Object.entries(environment)) names.add(name, toData(value))
  return names
}

/** The reverse of toData. */
export function fromData(value: ExpressionData): unknown {
  if (value instanceof data.Null) return null
  if (value instanceof data.Array) return value.values().map(fromData)
  if (value instanceof data.Dictionary)
    return Object.fromEntries(value.pairs().map((pair) => [pair.key, fromData(pair.value)]))
  return value.value
}

/** Null, false, 0, NaN and the empty string are false, as GitHub documents for `if`. */
export function isTruthy(value: ExpressionData): boolean {
  if (value instanceof data.Array || value instanceof data.Dictionary) return true
  return Boolean(fromData(value))
}
