import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultIdentifier, identifierProblem } from './snapshot-name.ts'

test('the default name says prefix, database, run and attempt', () => {
  expect(defaultIdentifier(['deploy-kit', 'Finance-Hub', '42', '1'], 255)).toBe('deploy-kit-finance-hub-42-1')
})

test('a default name that is too long keeps its beginning and ends with a hash', () => {
  const long = defaultIdentifier(['deploy-kit', 'a'.repeat(60), '19000000001', '1'], 63)
  expect(long).toHaveLength(63)
  expect(long).toMatch(/^deploy-kit-a{43}-[0-9a-f]{8}$/)
  expect(long).not.toBe(defaultIdentifier(['deploy-kit', 'a'.repeat(60), '19000000001', '2'], 63))
})

test('every default name is one that AWS takes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 80 }), { maxLength: 4 }),
      fc.constantFrom(63, 255),
      (parts, longest) => {
        expect(identifierProblem(defaultIdentifier(['deploy-kit', ...parts, '42'], longest), longest)).toBeUndefined()
      },
    ),
  )
})
