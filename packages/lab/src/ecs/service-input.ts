import * as v from 'valibot'
import type { Input } from '../service.ts'
import type { Cluster } from './clusters.ts'
import type { RevisionSettings } from './deployment.ts'
import { deploymentConfigurationMember } from './deployment-configuration.ts'
import { capacityProviderStrategy, flag, networkConfiguration, refuseMembers, text } from './input.ts'
import { checkLaunch, chooseLaunch } from './launch-settings.ts'
import type { ServiceOptions } from './managed-service.ts'
import { type Balancers, checkLoadBalancer, loadBalancersMember, readLoadBalancer } from './service-load-balancer.ts'
import { tagsMember } from './tags.ts'
import type { TaskDefinition } from './task-definition.ts'

const shared = {
  cluster: text,
  taskDefinition: text,
  desiredCount: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0, 'at least 0'))),
  capacityProviderStrategy,
  platformVersion: text,
  networkConfiguration,
  loadBalancers: loadBalancersMember,
  deploymentConfiguration: deploymentConfigurationMember,
  deploymentController: v.optional(v.looseObject({ type: v.picklist(['ECS', 'CODE_DEPLOY', 'EXTERNAL']) })),
  healthCheckGracePeriodSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0, 'at least 0'))),
  enableExecuteCommand: flag,
  enableECSManagedTags: flag,
  propagateTags: v.optional(v.picklist(['TASK_DEFINITION', 'SERVICE', 'NONE'])),
  placementConstraints: v.optional(v.array(v.unknown())),
  placementStrategy: v.optional(v.array(v.unknown())),
  availabilityZoneRebalancing: v.optional(v.picklist(['ENABLED', 'DISABLED'])),
}

export const createServiceInput = v.looseObject({
  ...shared,
  serviceName: v.string(),
  launchType: v.optional(v.picklist(['EC2', 'FARGATE', 'EXTERNAL'])),
  schedulingStrategy: v.optional(v.picklist(['REPLICA', 'DAEMON'])),
  clientToken: text,
  tags: tagsMember,
})

export const updateServiceInput = v.looseObject({ ...shared, service: v.string(), forceNewDeployment: flag })

export type CreateServiceInput = v.InferOutput<typeof createServiceInput>
export type UpdateServiceInput = v.InferOutput<typeof updateServiceInput>
type Shared = UpdateServiceInput

/** What services have in AWS and not in the lab. @throws AwsError InvalidParameterException */
export function refuseForeignServices(input: Input): void {
  refuseMembers(input, [
    'serviceRegistries',
    'serviceConnectConfiguration',
    'volumeConfigurations',
    'vpcLatticeConfigurations',
    'role',
  ])
}

export interface SettingsContext extends Balancers {
  readonly cluster: Cluster
}

type SettingsInput = Pick<
  Shared,
  'capacityProviderStrategy' | 'platformVersion' | 'networkConfiguration' | 'loadBalancers'
> & {
  readonly launchType?: RevisionSettings['launchType']
}

/**
 * The settings of a new revision: what is given over what was there.
 * @throws AwsError
 */
export function planSettings(
  given: SettingsInput,
  definition: TaskDefinition,
  before: RevisionSettings | undefined,
  context: SettingsContext,
): RevisionSettings {
  const strategy = given.capacityProviderStrategy ?? before?.capacityProviderStrategy
  // A strategy that comes with an update takes the place of the launch type.
  const launchType = given.launchType ?? (given.capacityProviderStrategy === undefined ? before?.launchType : undefined)
  const platformVersion = given.platformVersion ?? before?.platformVersion
  const network = given.networkConfiguration ?? before?.networkConfiguration
  const launch = chooseLaunch({ launchType, capacityProviderStrategy: strategy, platformVersion }, context.cluster)
  checkLaunch(definition, launch.launchType, network)
  const balancers = given.loadBalancers?.map(readLoadBalancer) ?? before?.loadBalancers ?? []
  for (const balancer of balancers) checkLoadBalancer(balancer, definition, context)
  return {
    definition,
    launchType: launch.capacityProvider === undefined ? launch.launchType : undefined,
    capacityProviderStrategy:
      strategy ?? (launch.capacityProvider === undefined ? undefined : launch.capacityProviderStrategy),
    platformVersion,
    networkConfiguration: network,
    loadBalancers: balancers,
    launch,
  }
}

/** What is given over what was there; AWS's defaults where nothing was. */
export function planOptions(given: Partial<Shared>, before?: ServiceOptions): ServiceOptions {
  return {
    healthCheckGracePeriodSeconds: given.healthCheckGracePeriodSeconds ?? before?.healthCheckGracePeriodSeconds ?? 0,
    enableExecuteCommand: given.enableExecuteCommand ?? before?.enableExecuteCommand ?? false,
    enableECSManagedTags: given.enableECSManagedTags ?? before?.enableECSManagedTags ?? false,
    propagateTags: given.propagateTags ?? before?.propagateTags ?? 'NONE',
    placementConstraints: given.placementConstraints ?? before?.placementConstraints ?? [],
    placementStrategy: given.placementStrategy ?? before?.placementStrategy ?? [],
    availabilityZoneRebalancing: given.availabilityZoneRebalancing ?? before?.availabilityZoneRebalancing ?? 'DISABLED',
  }
}
