import type { Service } from '@aws-sdk/client-ecs'

/**
 * How many dead tasks make the circuit breaker of a service roll back; infinite when it does not do that. By default
 * half of the desired count, at least 3 and at most 200 ("How the Amazon ECS deployment circuit breaker detects
 * failures", ECS Developer Guide; ECS API, ThresholdConfiguration).
 */
export function breakerThreshold(service: Service | undefined): number {
  const breaker = service?.deploymentConfiguration?.deploymentCircuitBreaker
  if (breaker?.enable !== true || breaker.rollback !== true) return Number.POSITIVE_INFINITY
  const { type = 'BOUNDED_PERCENT', value = 50 } = breaker.thresholdConfiguration ?? {}
  if (type === 'COUNT') return value
  const share = Math.ceil(((service?.desiredCount ?? 0) * value) / 100)
  return type === 'UNBOUNDED_PERCENT' ? share : Math.min(Math.max(share, 3), 200)
}
