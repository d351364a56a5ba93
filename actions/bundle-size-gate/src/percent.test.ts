import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareToShare, percent } from './percent.ts'

test.each([
  ['5', '5'],
  ['5%', '5'],
  ['5 %', '5'],
  ['2.50%', '2.50'],
  ['0', '0'],
])('%s is %s percent', (given, text) => expect(percent().parse(given).text).toBe(text))

test('what is exactly the share is neither less nor more, however the percentage is written', () => {
  expect(compareToShare(115, percent().parse('1.15'), 10_000)).toBe(0)
  expect(compareToShare(116, percent().parse('1.15'), 10_000)).toBe(1)
  expect(compareToShare(114, percent().parse('1.15'), 10_000)).toBe(-1)
  expect(compareToShare(1, percent().parse('100'), 0)).toBe(1)
})

test('it agrees with exact arithmetic for sizes of any magnitude', () => {
  const sizes = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(sizes, sizes, fc.integer({ min: 0, max: 100_000 }), (part, whole, thousandths) => {
      const share = percent().parse((thousandths / 1000).toFixed(3))
      const difference = BigInt(part) * 100_000n - BigInt(thousandths) * BigInt(whole)
      expect(compareToShare(part, share, whole)).toBe(difference === 0n ? 0 : difference < 0n ? -1 : 1)
    }),
  )
})
