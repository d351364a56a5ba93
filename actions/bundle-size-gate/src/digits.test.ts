import { expect, test } from 'vitest'
import { groupDigits } from './digits.ts'

test.each([0, 7, 999, 1000, 65_536, 250_001, 1_234_567, 9_007_199_254_740_991])(
  '%s has a comma every third digit',
  (n) => {
    expect(groupDigits(n)).toBe(n.toLocaleString('en-US'))
  },
)
