import type { Field } from '@deploy-kit/core/inputs'

/** A percentage kept as written, so that 1.15 % of 10,000 is 115 and not a rounding error less. */
export interface Percent {
  /** `5`, `12.5`: without the sign. */
  readonly text: string
  /** The percentage is `units / scale`. */
  readonly units: bigint
  readonly scale: bigint
}

/** A percentage, `5` or `5%`. */
export function percent(limits: { max?: number } = {}): Field<Percent> {
  return {
    parse: (given) => {
      const match = /^(\d+)(?:\.(\d+))?\s*%?$/.exec(given)
      if (!match) throw new RangeError(`'${given}' is not a percentage; write a number such as 5, 2.5 or 5%`)
      const [, whole = '', fraction = ''] = match
      const text = fraction === '' ? whole : `${whole}.${fraction}`
      if (limits.max !== undefined && Number(text) > limits.max)
        throw new RangeError(`'${given}' is too large; the most is ${limits.max}%`)
      return { text, units: BigInt(whole + fraction), scale: 10n ** BigInt(fraction.length) }
    },
  }
}

/** -1, 0 or 1: whether `part` is less than, exactly or more than the percentage of `whole`; both are whole numbers. */
export function compareToShare(part: number, share: Percent, whole: number): -1 | 0 | 1 {
  const left = BigInt(part) * 100n * share.scale
  const right = share.units * BigInt(whole)
  if (left === right) return 0
  return left < right ? -1 : 1
}
