import { expect, test } from 'vitest'
import { failureThreshold } from './circuit-breaker.ts'
import { nextStep } from './rollout.ts'

const begin = {
  desired: 4,
  minimumHealthyPercent: 100,
  maximumPercent: 200,
  newAlive: 0,
  newHealthy: 0,
  oldAlive: 4,
  oldHealthy: 4,
}

// "if your service … has a desiredCount of four tasks and a maximumPercent value of 200%, the scheduler may start four
// new tasks before stopping the four older tasks" (DeploymentConfiguration, maximumPercent)
test('with room for all, new tasks start first and old ones go as new ones become healthy', () => {
  expect(nextStep(begin)).toMatchObject({ start: 4, stopOld: 0 })
  expect(nextStep({ ...begin, newAlive: 4 })).toMatchObject({ start: 0, stopOld: 0 })
  expect(nextStep({ ...begin, newAlive: 4, newHealthy: 1 })).toMatchObject({ start: 0, stopOld: 1 })
  expect(nextStep({ ...begin, newAlive: 4, newHealthy: 4 })).toMatchObject({ start: 0, stopOld: 4 })
})

// "if your service has a desiredCount of four tasks and a minimumHealthyPercent of 50%, the service scheduler may stop
// two existing tasks to free up cluster capacity before starting two new tasks" (minimumHealthyPercent)
test('without room, old tasks go down to the minimum to make some', () => {
  const tight = { ...begin, minimumHealthyPercent: 50, maximumPercent: 100 }
  expect(nextStep(tight)).toMatchObject({ start: 0, stopOld: 2 })
  expect(nextStep({ ...tight, oldAlive: 2, oldHealthy: 2 })).toMatchObject({ start: 2, stopOld: 0 })
  expect(nextStep({ ...tight, oldAlive: 2, oldHealthy: 2, newAlive: 2 })).toMatchObject({ start: 0, stopOld: 0 })
})

// "if the minimum healthy percent is 75% and the desired task count is two, then the scheduler can't stop any tasks due
// to the resulting value also being two"; "if the maximum percent is 125 and the desired task count is three, the
// scheduler can't start any tasks due to the resulting value also being three" (Viewing Amazon ECS service event messages)
test('percentages are rounded up for the minimum, down for the maximum; with both a deployment can be stuck', () => {
  const two = { ...begin, desired: 2, oldAlive: 2, oldHealthy: 2, minimumHealthyPercent: 75, maximumPercent: 100 }
  expect(nextStep(two)).toEqual({ start: 0, stopNew: 0, stopOld: 0, stuck: true })
  const three = { ...begin, desired: 3, oldAlive: 3, oldHealthy: 3, maximumPercent: 125 }
  expect(nextStep(three)).toEqual({ start: 0, stopNew: 0, stopOld: 0, stuck: true })
})

test('what is more than desired stops', () => {
  expect(nextStep({ ...begin, oldAlive: 0, oldHealthy: 0, newAlive: 6, newHealthy: 6 })).toMatchObject({ stopNew: 2 })
  expect(nextStep({ ...begin, desired: 0 })).toMatchObject({ start: 0, stopOld: 4 })
})

// The table of examples in: How the Amazon ECS deployment circuit breaker detects failures, Failure threshold
test.each([
  [1, 3],
  [25, 13],
  [400, 200],
  [800, 200],
])('of %i desired tasks, %i failures break the circuit', (desired, threshold) => {
  expect(failureThreshold(desired)).toBe(threshold)
})

// "For COUNT, Amazon ECS uses value directly as the threshold." (ThresholdConfiguration)
test('a threshold of one’s own is a count or a share', () => {
  const breaker = { enable: true, rollback: true }
  const threshold = (type: 'COUNT' | 'BOUNDED_PERCENT' | 'UNBOUNDED_PERCENT', value: number, desired: number) =>
    failureThreshold(desired, { ...breaker, thresholdConfiguration: { type, value } })
  expect(threshold('COUNT', 1, 50)).toBe(1)
  expect(threshold('BOUNDED_PERCENT', 10, 10)).toBe(3)
  expect(threshold('UNBOUNDED_PERCENT', 10, 10)).toBe(1)
})
