import { expect, it } from 'vitest'
import { breakerThreshold } from './circuit-breaker.ts'

const on = { enable: true, rollback: true }

it.each([
  [1, on, 3],
  [10, on, 5],
  [1000, on, 200],
  [10, { ...on, thresholdConfiguration: { type: 'COUNT' as const, value: 1 } }, 1],
  [1000, { ...on, thresholdConfiguration: { type: 'UNBOUNDED_PERCENT' as const, value: 30 } }, 300],
  [1, { ...on, rollback: false }, Number.POSITIVE_INFINITY],
  [1, { enable: false, rollback: true }, Number.POSITIVE_INFINITY],
])('for %i tasks and %j it is %d', (desiredCount, deploymentCircuitBreaker, expected) => {
  expect(breakerThreshold({ desiredCount, deploymentConfiguration: { deploymentCircuitBreaker } })).toBe(expected)
})
