import { expect, it } from 'vitest'
import { listSome } from './names.ts'

it.each([
  [[], ''],
  [['a', 'b'], 'a, b'],
  [['a', 'b', 'c', 'd', 'e', 'f'], 'a, b, c, d, e, f'],
  [['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'a, b, c, d, e, and 2 more'],
])('%j is said as "%s"', (items, text) => {
  expect(listSome(items)).toBe(text)
})
