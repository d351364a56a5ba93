import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareDecimals, isNumber } from './decimal.ts'

describe('numbers as they are written', () => {
  test.each([
    ['12345678901234567890', '12345678901234567891', -1],
    ['9007199254740993', '9007199254740992', 1],
    ['0.1', '0.10', 0],
    ['1.0', '1', 0],
    ['1e3', '1000', 0],
    ['1.5e-3', '0.0015', 0],
    ['-2', '-10', 1],
    ['-0', '0', 0],
    ['0.30000000000000001', '0.3', 1],
    ['1e1000000000', '1e999999999', 1],
    ['1e-99999999999999999999', '0', 1],
    ['007', '7', 0],
  ])('%s against %s', (left, right, order) => {
    expect(Math.sign(compareDecimals(left, right))).toBe(order)
    expect(Math.sign(compareDecimals(right, left))).toBe(order === 0 ? 0 : -order)
  })

  test('agree with integers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        expect(Math.sign(compareDecimals(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })

  test('agree with floats, which JavaScript writes so that they can be read back', () => {
    const float = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(float, float, (a, b) => {
        expect(Math.sign(compareDecimals(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })

  test('of any length are compared in a moment, whoever sent them', () => {
    const [one, other] = [`1${'0'.repeat(200_000)}1`, `1${'0'.repeat(200_000)}2`]
    expect(Math.sign(compareDecimals(one, other))).toBe(-1)
    expect(compareDecimals(`${one}.${'0'.repeat(200_000)}`, one)).toBe(0)
  })

  test('tell numbers from other texts', () => {
    for (const text of ['0', '-1', '1.5', '2e10', '+3']) expect(isNumber(text), text).toBe(true)
    for (const text of ['', 'a', '1.', '.5', '1 2', '0x10', 'NaN', '1e', '1,5'])
      expect(isNumber(text), text).toBe(false)
  })
})
