import { expect, test } from 'vitest'
import { parseRetryAfter } from './retry-after.ts'

const NOW = new Date('1994-11-06T08:49:07Z')

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
  ['Sun Nov  6 08:49:37 1994', 30_000],
  ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
  ['-1', 0],
  ['1.5', 0],
  ['1e3', 0],
  ['soon', 0],
  ['Foo 2099', 0],
  ['Monday', 0],
  ['Sun, 99 Nov 1994 99:99:99 GMT', 0],
  ['', 0],
])("Retry-After '%s' is %i ms", (header, ms) => expect(parseRetryAfter(header, NOW)).toBe(ms))

test('Retry-After may be longer than any wait', () => {
  expect(parseRetryAfter('9'.repeat(400), NOW)).toBe(Number.POSITIVE_INFINITY)
})
