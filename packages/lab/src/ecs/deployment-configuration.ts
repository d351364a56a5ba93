import * as v from 'valibot'
import { circuitBreakerMember } from './circuit-breaker.ts'
import { invalidParameter, refuseMembers } from './input.ts'

const percent = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0, 'at least 0')))

export const deploymentConfigurationMember = v.optional(
  v.looseObject({
    maximumPercent: percent,
    minimumHealthyPercent: percent,
    deploymentCircuitBreaker: v.optional(circuitBreakerMember),
    strategy: v.optional(v.string()),
    alarms: v.optional(v.looseObject({ enable: v.optional(v.boolean()) })),
    bakeTimeInMinutes: v.optional(v.number()),
  }),
)

export interface DeploymentConfiguration {
  readonly deploymentCircuitBreaker: v.InferOutput<typeof circuitBreakerMember>
  readonly maximumPercent: number
  readonly minimumHealthyPercent: number
  readonly strategy: 'ROLLING'
  readonly bakeTimeInMinutes: number
}

/** AWS's defaults for a replica service. */
const defaults: DeploymentConfiguration = {
  deploymentCircuitBreaker: { enable: false, rollback: false },
  maximumPercent: 200,
  minimumHealthyPercent: 100,
  strategy: 'ROLLING',
  bakeTimeInMinutes: 0,
}

/**
 * What was given, over what was there before.
 * @throws AwsError InvalidParameterException for what the lab does not have
 */
export function readDeploymentConfiguration(
  given: v.InferOutput<typeof deploymentConfigurationMember>,
  before: DeploymentConfiguration = defaults,
): DeploymentConfiguration {
  if (given === undefined) return before
  const { strategy = 'ROLLING', alarms, bakeTimeInMinutes = 0, ...rest } = given
  if (strategy !== 'ROLLING')
    throw invalidParameter(`The lab deploys with strategy ROLLING only; it does not have ${strategy}.`)
  if (alarms?.enable)
    throw invalidParameter('The lab has no CloudWatch alarms; leave deploymentConfiguration.alarms out.')
  if (bakeTimeInMinutes > 0) throw invalidParameter('The lab has no bake time; leave bakeTimeInMinutes out.')
  refuseMembers(given, ['lifecycleHooks', 'linearConfiguration', 'canaryConfiguration', 'earlySuccessCriteria'])
  const merged = {
    ...before,
    deploymentCircuitBreaker: rest.deploymentCircuitBreaker ?? before.deploymentCircuitBreaker,
    maximumPercent: rest.maximumPercent ?? before.maximumPercent,
    minimumHealthyPercent: rest.minimumHealthyPercent ?? before.minimumHealthyPercent,
  }
  if (merged.maximumPercent < merged.minimumHealthyPercent || merged.maximumPercent === 0) {
    throw invalidParameter('The value for maximumPercent must be greater than zero and at least minimumHealthyPercent.')
  }
  if (merged.minimumHealthyPercent > 100) throw invalidParameter('minimumHealthyPercent must be at most 100.')
  return merged
}
