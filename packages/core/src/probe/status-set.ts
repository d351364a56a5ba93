/** HTTP status codes: single ones and ranges. */
export interface StatusSet {
  /** As written, for messages: `200,204,300-399`. */
  readonly text: string
  readonly ranges: readonly (readonly [from: number, to: number])[]
}

/**
 * Reads `200,204,300-399`.
 *
 * @throws {RangeError} with a message that follows the name of the input
 */
export function parseStatusSet(given: string): StatusSet {
  const items = given.split(/[,\r\n]/).map((item) => item.trim())
  const ranges = items.filter((item) => item !== '').map(parseRange)
  if (ranges.length === 0)
    throw new RangeError(`'${given}' names no status code; write codes and ranges, such as 200-299`)
  return { text: ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(','), ranges }
}

function parseRange(item: string): readonly [number, number] {
  const [, first = '', last = first] = /^(\d{3})(?:\s*-\s*(\d{3}))?$/.exec(item) ?? []
  if (first === '') {
    throw new RangeError(`'${item}' is not a status code; write codes and ranges, such as 200,204,300-399`)
  }
  const [from, to] = [Number(first), Number(last)]
  if (from < 100 || to > 599) throw new RangeError(`'${item}' is outside 100 to 599`)
  if (from > to) throw new RangeError(`'${item}' is reversed; write ${to}-${from}`)
  return [from, to]
}

export function includesStatus(set: StatusSet, status: number): boolean {
  return set.ranges.some(([from, to]) => status >= from && status <= to)
}

/** The first code that both sets have. */
export function commonStatus(one: StatusSet, other: StatusSet): number | undefined {
  for (const [from, to] of one.ranges) {
    for (const [otherFrom, otherTo] of other.ranges) {
      if (Math.max(from, otherFrom) <= Math.min(to, otherTo)) return Math.max(from, otherFrom)
    }
  }
  return undefined
}
