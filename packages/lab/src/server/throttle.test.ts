import { expect, test } from 'vitest'
import { ecsBuckets, Throttle } from './throttle.ts'

// "Amazon ECS throttles API requests for each AWS account on a per-Region basis … token bucket algorithm": 20 / 1 for
// RegisterTaskDefinition, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
test('A burst empties the bucket, which fills again with time', () => {
  let now = 0
  const throttle = new Throttle(ecsBuckets, () => now)
  const taken = (count: number) =>
    Array.from({ length: count }, () => throttle.take('ecs', 'RegisterTaskDefinition')).filter(Boolean).length

  expect(taken(25)).toBe(20)
  now = 3_000
  expect(taken(25)).toBe(3)
  now = 1_000_000
  expect(taken(25)).toBe(20)
})

test('Operations of one group share a bucket; others are not limited', () => {
  const throttle = new Throttle(ecsBuckets, () => 0)
  for (let calls = 0; calls < 20; calls++) throttle.take('ecs', 'RegisterTaskDefinition')
  expect(throttle.take('ecs', 'DeregisterTaskDefinition')).toBe(false)
  expect(throttle.take('ecs', 'RunTask')).toBe(true)
  expect(throttle.take('rds', 'RegisterTaskDefinition')).toBe(true)
})
