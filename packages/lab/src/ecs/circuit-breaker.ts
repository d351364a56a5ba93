import * as v from 'valibot'

export const circuitBreakerMember = v.looseObject({
  enable: v.boolean(),
  rollback: v.boolean(),
  /** True unless it is false. */
  resetOnHealthyTask: v.optional(v.boolean()),
  thresholdConfiguration: v.optional(
    v.looseObject({
      type: v.picklist(['BOUNDED_PERCENT', 'UNBOUNDED_PERCENT', 'COUNT']),
      value: v.pipe(v.number(), v.integer(), v.minValue(1, 'at least 1')),
    }),
  ),
})

export type CircuitBreaker = v.InferOutput<typeof circuitBreakerMember>

/**
 * How many failed tasks fail a deployment. "The deployment circuit breaker has a minimum threshold of 3 and a maximum
 * threshold of 200 and uses the values in the following formula …: 0.5 * desired task count", rounded up.
 * (How the Amazon ECS deployment circuit breaker detects failures; ThresholdConfiguration)
 */
export function failureThreshold(desiredCount: number, breaker?: CircuitBreaker): number {
  const { type, value } = breaker?.thresholdConfiguration ?? { type: 'BOUNDED_PERCENT', value: 50 }
  if (type === 'COUNT') return value
  const share = Math.ceil((desiredCount * value) / 100)
  return type === 'UNBOUNDED_PERCENT' ? share : Math.min(Math.max(share, 3), 200)
}
