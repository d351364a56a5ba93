import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

describe('parseDuration', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['0s', 0],
    ['7d', 604_800_000],
    [' 2s ', 2000],
  ])('reads %s as %d ms', (given, ms) => {
    expect(parseDuration(given)).toBe(ms)
  })

  test.each([
    ['30', "'30' has no unit; write 30s"],
    ['-5s', "'-5s' is negative; a duration is 0s or more"],
    ['5 minutes', "'5 minutes' is not a duration; write a number with a unit, such as 500ms, 30s, 5m or 1h30m"],
    ['5x', "'5x' has an unknown unit 'x'; units are ms, s, m, h and d"],
    ['5S', "'5S' has an unknown unit 'S'; units are ms, s, m, h and d"],
    ['30m1h', "'30m1h' has its units out of order; write them from large to small, each once, such as 1h30m"],
    ['5s5s', "'5s5s' has its units out of order; write them from large to small, each once, such as 1h30m"],
    ['99999999999999999999h', "'99999999999999999999h' is longer than 3650d"],
    ['s', "'s' is not a duration; write a number with a unit, such as 500ms, 30s, 5m or 1h30m"],
    ['1e3s', "'1e3s' has an unknown unit 'e'; units are ms, s, m, h and d"],
  ])('refuses %s and says what to write', (given, message) => {
    expect(() => parseDuration(given)).toThrow(message)
  })

  test('never takes a text for a duration that it is not, and never crashes', () => {
    fc.assert(
      fc.property(fc.string(), (given) => {
        try {
          expect(parseDuration(given)).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})

test.each([
  [850, '850ms'],
  [4200, '4.2s'],
  [42_000, '42s'],
  [59_600, '1m 00s'],
  [185_000, '3m 05s'],
  [3_720_000, '1h 02m'],
  [3_599_600, '1h 00m'],
  [50 * 3_600_000, '2d 02h'],
])('formatDuration shows %d ms as %s', (ms, shown) => {
  expect(formatDuration(ms)).toBe(shown)
})
