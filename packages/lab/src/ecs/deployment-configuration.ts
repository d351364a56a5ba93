import * as v from 'valibot'
import { circuitBreakerMember } from './circuit-breaker.ts'
import type { DeploymentStrategy } from './deployment.ts'
import { invalidParameter, refuseMembers } from './input.ts'
import { checkHooks, type LifecycleHook, lifecycleHooksMember } from './lifecycle-hooks.ts'

const percent = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0, 'at least 0')))
/** "Valid values are 0 to 1440 minutes (24 hours)." (LinearConfiguration, CanaryConfiguration) */
const bakeMinutes = v.pipe(v.number(), v.integer(), v.minValue(0, 'at least 0'), v.maxValue(1440, 'at most 1440'))
const share = (least: number) =>
  v.pipe(
    v.number(),
    v.minValue(least, `at least ${least}`),
    v.maxValue(100, 'at most 100'),
    v.check((value) => Math.abs(value * 10 - Math.round(value * 10)) < 1e-6, 'a multiple of 0.1'),
  )

export const deploymentConfigurationMember = v.optional(
  v.looseObject({
    maximumPercent: percent,
    minimumHealthyPercent: percent,
    deploymentCircuitBreaker: v.optional(circuitBreakerMember),
    strategy: v.optional(v.picklist(['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY'])),
    alarms: v.optional(v.looseObject({ enable: v.optional(v.boolean()) })),
    bakeTimeInMinutes: v.optional(bakeMinutes),
    lifecycleHooks: lifecycleHooksMember,
    linearConfiguration: v.optional(
      v.looseObject({ stepPercent: v.optional(share(3), 10), stepBakeTimeInMinutes: v.optional(bakeMinutes, 6) }),
    ),
    canaryConfiguration: v.optional(
      v.looseObject({ canaryPercent: v.optional(share(0.1), 5), canaryBakeTimeInMinutes: v.optional(bakeMinutes, 10) }),
    ),
  }),
)

type Given = NonNullable<v.InferOutput<typeof deploymentConfigurationMember>>

export interface DeploymentConfiguration {
  readonly deploymentCircuitBreaker: v.InferOutput<typeof circuitBreakerMember>
  readonly maximumPercent: number
  readonly minimumHealthyPercent: number
  readonly strategy: DeploymentStrategy
  readonly bakeTimeInMinutes: number
  readonly lifecycleHooks?: readonly LifecycleHook[] | undefined
  readonly linearConfiguration?: Given['linearConfiguration']
  readonly canaryConfiguration?: Given['canaryConfiguration']
}

/** AWS's defaults for a replica service. */
const replicaDefaults: DeploymentConfiguration = {
  deploymentCircuitBreaker: { enable: false, rollback: false },
  maximumPercent: 200,
  minimumHealthyPercent: 100,
  strategy: 'ROLLING',
  bakeTimeInMinutes: 0,
}

/** "The default minimumHealthyPercent value for a service using the DAEMON service schedule is 0% for … the APIs" */
const daemonDefaults: DeploymentConfiguration = { ...replicaDefaults, maximumPercent: 100, minimumHealthyPercent: 0 }

export type SchedulingStrategy = 'REPLICA' | 'DAEMON'

/**
 * What was given, over what was there before.
 * @throws AwsError InvalidParameterException for what the lab does not have, or AWS refuses
 */
export function readDeploymentConfiguration(
  given: v.InferOutput<typeof deploymentConfigurationMember>,
  scheduling: SchedulingStrategy,
  before: DeploymentConfiguration = scheduling === 'DAEMON' ? daemonDefaults : replicaDefaults,
): DeploymentConfiguration {
  if (given === undefined) return before
  if (given.alarms?.enable)
    throw invalidParameter('The lab has no CloudWatch alarms; leave deploymentConfiguration.alarms out.')
  refuseMembers(given, ['earlySuccessCriteria'])
  const strategy = given.strategy ?? before.strategy
  const merged = {
    ...before,
    deploymentCircuitBreaker: given.deploymentCircuitBreaker ?? before.deploymentCircuitBreaker,
    maximumPercent: given.maximumPercent ?? before.maximumPercent,
    minimumHealthyPercent: given.minimumHealthyPercent ?? before.minimumHealthyPercent,
    strategy,
    bakeTimeInMinutes: given.bakeTimeInMinutes ?? before.bakeTimeInMinutes,
    ...shiftingOf(strategy, given, before),
  }
  checkPercentages(merged, scheduling)
  return merged
}

/** What only the strategies that shift traffic have; "This is only valid when … strategy set to LINEAR" (and CANARY). */
function shiftingOf(strategy: DeploymentStrategy, given: Given, before: DeploymentConfiguration) {
  const { linearConfiguration, canaryConfiguration } = given
  if (linearConfiguration !== undefined && strategy !== 'LINEAR') {
    throw invalidParameter('linearConfiguration is only valid with the deployment strategy LINEAR.')
  }
  if (canaryConfiguration !== undefined && strategy !== 'CANARY') {
    throw invalidParameter('canaryConfiguration is only valid with the deployment strategy CANARY.')
  }
  const lifecycleHooks = given.lifecycleHooks ?? before.lifecycleHooks
  checkHooks(lifecycleHooks ?? [])
  if (strategy === 'ROLLING' && (given.lifecycleHooks ?? []).length > 0) {
    throw invalidParameter('The lab has no lifecycle hooks for the strategy ROLLING; leave lifecycleHooks out.')
  }
  return {
    lifecycleHooks: strategy === 'ROLLING' ? undefined : lifecycleHooks,
    linearConfiguration:
      strategy === 'LINEAR'
        ? (linearConfiguration ?? before.linearConfiguration ?? { stepPercent: 10, stepBakeTimeInMinutes: 6 })
        : undefined,
    canaryConfiguration:
      strategy === 'CANARY'
        ? (canaryConfiguration ?? before.canaryConfiguration ?? { canaryPercent: 5, canaryBakeTimeInMinutes: 10 })
        : undefined,
  }
}

function checkPercentages(configuration: DeploymentConfiguration, scheduling: SchedulingStrategy): void {
  const { maximumPercent, minimumHealthyPercent } = configuration
  if (scheduling === 'DAEMON' && maximumPercent > 100) {
    throw invalidParameter('The daemon scheduling strategy does not support values above 100 for maximumPercent')
  }
  if (maximumPercent < minimumHealthyPercent || maximumPercent === 0) {
    throw invalidParameter('The value for maximumPercent must be greater than zero and at least minimumHealthyPercent.')
  }
  if (minimumHealthyPercent > 100) throw invalidParameter('minimumHealthyPercent must be at most 100.')
}

export interface TrafficStep {
  /** Of production traffic, to the new revision. */
  readonly percent: number
  readonly bakeMinutes: number
}

/**
 * How production traffic is shifted. LINEAR: "equal percentage increments …. This bake time is not applied after
 * reaching 100 percent traffic." CANARY: "a fixed percentage …, waits for a specified bake time, then shifts the
 * remaining traffic". BLUE_GREEN: all at once.
 */
export function trafficSteps({
  strategy,
  linearConfiguration,
  canaryConfiguration,
}: DeploymentConfiguration): readonly TrafficStep[] {
  const last = { percent: 100, bakeMinutes: 0 }
  if (strategy === 'LINEAR' && linearConfiguration !== undefined) {
    const { stepPercent, stepBakeTimeInMinutes } = linearConfiguration
    const before = Math.ceil(100 / stepPercent - 1e-6) - 1
    const steps = Array.from({ length: before }, (_, index) => Number((stepPercent * (index + 1)).toFixed(1)))
    return [...steps.map((percent) => ({ percent, bakeMinutes: stepBakeTimeInMinutes })), last]
  }
  if (strategy === 'CANARY' && canaryConfiguration !== undefined && canaryConfiguration.canaryPercent < 100) {
    const { canaryPercent, canaryBakeTimeInMinutes } = canaryConfiguration
    return [{ percent: canaryPercent, bakeMinutes: canaryBakeTimeInMinutes }, last]
  }
  return [last]
}
