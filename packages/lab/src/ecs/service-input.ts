import * as v from 'valibot'
import type { ListenerRule } from '../balancer/listener-rule.ts'
import type { TargetGroup } from '../balancer/target-group.ts'
import type { Input } from '../service.ts'
import type { Cluster } from './clusters.ts'
import type { AdvancedConfiguration, RevisionSettings, ServiceLoadBalancer } from './deployment.ts'
import { type DeploymentConfiguration, deploymentConfigurationMember } from './deployment-configuration.ts'
import {
  capacityProviderStrategy,
  flag,
  invalidParameter,
  networkConfiguration,
  refuseMembers,
  text,
  whole,
} from './input.ts'
import { checkLaunch, chooseLaunch } from './launch-settings.ts'
import type { ServiceOptions } from './managed-service.ts'
import { tagsMember } from './tags.ts'
import type { TaskDefinition } from './task-definition.ts'

const loadBalancers = v.optional(
  v.array(
    v.looseObject({
      targetGroupArn: text,
      loadBalancerName: text,
      containerName: text,
      containerPort: whole,
      advancedConfiguration: v.optional(
        v.looseObject({
          alternateTargetGroupArn: text,
          productionListenerRule: text,
          testListenerRule: text,
          roleArn: text,
        }),
      ),
    }),
  ),
)

const shared = {
  cluster: text,
  taskDefinition: text,
  desiredCount: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0, 'at least 0'))),
  capacityProviderStrategy,
  platformVersion: text,
  networkConfiguration,
  loadBalancers,
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

export interface SettingsContext {
  readonly cluster: Cluster
  readonly targetGroup: (arn: string) => TargetGroup | undefined
  readonly listenerRule: (arn: string) => ListenerRule | undefined
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

type LoadBalancerInput = NonNullable<v.InferOutput<typeof loadBalancers>>[number]

function readLoadBalancer(given: LoadBalancerInput): ServiceLoadBalancer {
  const { targetGroupArn, containerName, containerPort } = given
  if (given.loadBalancerName) throw invalidParameter('The lab has no Classic Load Balancers; give a targetGroupArn.')
  if (!targetGroupArn || !containerName || containerPort === undefined) {
    throw invalidParameter('A load balancer needs targetGroupArn, containerName and containerPort.')
  }
  const advanced = given.advancedConfiguration
  if (advanced === undefined) return { targetGroupArn, containerName, containerPort }
  return { targetGroupArn, containerName, containerPort, advancedConfiguration: readAdvanced(advanced) }
}

function readAdvanced(given: NonNullable<LoadBalancerInput['advancedConfiguration']>): AdvancedConfiguration {
  const { alternateTargetGroupArn, productionListenerRule, testListenerRule, roleArn } = given
  if (!alternateTargetGroupArn || !productionListenerRule || !roleArn) {
    throw invalidParameter('advancedConfiguration needs alternateTargetGroupArn, productionListenerRule and roleArn.')
  }
  const test = testListenerRule === undefined ? {} : { testListenerRule }
  return { alternateTargetGroupArn, productionListenerRule, ...test, roleArn }
}

/**
 * "Load balancer requirement: When your service uses Application Load Balancer, Network Load Balancer, or Service
 * Connect" (CreateService, BLUE_GREEN); the lab has the first of them.
 * @throws AwsError InvalidParameterException
 */
export function checkStrategy({ strategy }: DeploymentConfiguration, settings: RevisionSettings | undefined): void {
  if (strategy === 'ROLLING') return
  const balancers = settings?.loadBalancers ?? []
  if (balancers.length > 0 && balancers.every(({ advancedConfiguration }) => advancedConfiguration)) return
  throw invalidParameter(
    `The lab deploys with strategy ${strategy} behind load balancers only, each with an advancedConfiguration.`,
  )
}

function checkLoadBalancer(
  balancer: ServiceLoadBalancer,
  definition: TaskDefinition,
  { targetGroup, listenerRule }: SettingsContext,
): void {
  const { targetGroupArn, containerName, containerPort, advancedConfiguration: advanced } = balancer
  if (targetGroup(targetGroupArn) === undefined) {
    throw invalidParameter(`The target group with targetGroupArn ${targetGroupArn} does not exist.`)
  }
  for (const arn of [advanced?.productionListenerRule, advanced?.testListenerRule]) {
    if (advanced === undefined || arn === undefined) continue
    const groups = (listenerRule(arn)?.forwards ?? []).map(({ group }) => group.arn)
    const missing = [targetGroupArn, advanced.alternateTargetGroupArn].filter((group) => !groups.includes(group))
    if (missing.length > 0)
      throw invalidParameter(`The listener rule ${arn} does not forward to ${missing.join(', ')}.`)
  }
  const container = definition.content.containerDefinitions.find(({ name }) => name === containerName)
  if (container === undefined)
    throw invalidParameter(`The container ${containerName} does not exist in the task definition.`)
  const ports = (container.portMappings ?? []).map((mapping) => mapping.containerPort)
  if (!ports.includes(containerPort)) {
    throw invalidParameter(`The container ${containerName} did not have a container port ${containerPort} defined.`)
  }
  if (ports[0] !== containerPort) {
    throw invalidParameter(
      `The lab gives a process one port, for its first port mapping: ${containerPort} of ${containerName} has to be the first.`,
    )
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
