/** Numbers as they are written, compared without rounding: 12345678901234567890 and 0.1 stay what they are. */

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** JSON's numbers, and the same with leading zeros or a plus sign. */
export function isNumber(text: string): boolean {
  return NUMBER.test(text)
}

interface Decimal {
  readonly negative: boolean
  /** Without leading and trailing zeros; empty for zero. */
  readonly digits: string
  /** The value is 0.digits × 10^magnitude. */
  readonly magnitude: bigint
}

function parseDecimal(text: string): Decimal {
  const [, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? []
  const all = `${whole}${fraction}`
  const significant = all.replace(/^0+/, '')
  const magnitude = BigInt(whole.length - (all.length - significant.length)) + BigInt(exponent.replace(/^\+/, ''))
  const digits = withoutTrailingZeros(significant)
  return { negative: sign === '-' && digits !== '', digits, magnitude: digits === '' ? 0n : magnitude }
}

/** Not by /0+$/, which takes the square of the length of a run of zeros: a body may hold a million of them. */
function withoutTrailingZeros(digits: string): string {
  let length = digits.length
  while (digits[length - 1] === '0') length -= 1
  return digits.slice(0, length)
}

/** Negative when `left` is the smaller one, 0 when both are the same number. Both must be numbers ({@link isNumber}). */
export function compareDecimals(left: string, right: string): number {
  const [a, b] = [parseDecimal(left), parseDecimal(right)]
  if (a.negative !== b.negative) return a.negative ? -1 : 1
  return a.negative ? compareAbsolute(b, a) : compareAbsolute(a, b)
}

function compareAbsolute(a: Decimal, b: Decimal): number {
  if (a.digits === '' || b.digits === '') return Number(a.digits !== '') - Number(b.digits !== '')
  if (a.magnitude !== b.magnitude) return a.magnitude < b.magnitude ? -1 : 1
  if (a.digits === b.digits) return 0
  return a.digits < b.digits ? -1 : 1
}
