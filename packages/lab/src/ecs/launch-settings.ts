import { AwsError } from '../service.ts'
import type { Cluster } from './clusters.ts'
import { type CapacityProviderStrategy, invalidParameter, type NetworkConfiguration } from './input.ts'
import type { TaskDefinition } from './task-definition.ts'

export type LaunchType = 'EC2' | 'FARGATE' | 'EXTERNAL'

export interface LaunchChoice {
  readonly launchType?: LaunchType | undefined
  readonly capacityProviderStrategy?: CapacityProviderStrategy
  readonly platformVersion?: string | undefined
}

export interface LaunchSettings {
  readonly launchType: LaunchType
  readonly capacityProvider: string | undefined
  /** As given, or the cluster's default. */
  readonly capacityProviderStrategy: NonNullable<CapacityProviderStrategy>
  readonly platformVersion: string | undefined
}

const platformVersions = new Set(['LATEST', '1.4.0', '1.3.0'])

/**
 * "If a capacityProviderStrategy is specified, the launchType parameter must be omitted. If no capacityProviderStrategy
 * or launchType is specified, the defaultCapacityProviderStrategy for the cluster is used." "maximum of 20 capacity
 * providers" (RunTask) With neither it is EC2; this machine is the container instance.
 * @throws AwsError
 */
export function chooseLaunch(choice: LaunchChoice, cluster: Cluster): LaunchSettings {
  const given = choice.capacityProviderStrategy ?? []
  if (choice.launchType !== undefined && given.length > 0) {
    throw invalidParameter(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    )
  }
  const strategy = choice.launchType !== undefined || given.length > 0 ? given : cluster.defaultCapacityProviderStrategy
  checkStrategy(strategy)
  const provider = strategy.toSorted((a, b) => (b.base ?? 0) - (a.base ?? 0) || (b.weight ?? 0) - (a.weight ?? 0))[0]
  const fargate = provider?.capacityProvider.startsWith('FARGATE') ?? choice.launchType === 'FARGATE'
  if (choice.platformVersion !== undefined && !platformVersions.has(choice.platformVersion)) {
    throw new AwsError('PlatformUnknownException', `Platform version ${choice.platformVersion} does not exist.`)
  }
  if (choice.platformVersion !== undefined && !fargate) {
    throw invalidParameter('The platform version must be null when specifying an EC2 launch type.')
  }
  return {
    launchType: fargate ? 'FARGATE' : (choice.launchType ?? 'EC2'),
    capacityProvider: provider?.capacityProvider,
    capacityProviderStrategy: strategy,
    platformVersion: fargate ? (choice.platformVersion?.replace('LATEST', '1.4.0') ?? '1.4.0') : undefined,
  }
}

function checkStrategy(strategy: NonNullable<CapacityProviderStrategy>): void {
  if (strategy.length === 0) return
  if (strategy.length > 20) {
    throw invalidParameter('A capacity provider strategy cannot contain more than 20 capacity providers.')
  }
  const unknown = strategy.find(({ capacityProvider }) => !/^FARGATE(_SPOT)?$/.test(capacityProvider))
  if (unknown !== undefined) {
    throw invalidParameter(
      `The specified capacity provider '${unknown.capacityProvider}' was not found. Specify a valid name or ARN and try again.`,
    )
  }
  if (strategy.filter(({ base = 0 }) => base > 0).length > 1) {
    throw invalidParameter('Only one capacity provider in a capacity provider strategy can have a base defined.')
  }
}

/**
 * "This parameter is required for task definitions that use the awsvpc network mode …, and it isn't supported for other
 * network modes." (RunTask, networkConfiguration)
 * @throws AwsError
 */
export function checkLaunch(
  definition: TaskDefinition,
  launchType: LaunchType,
  network: NetworkConfiguration | undefined,
): void {
  const { networkMode, compatibilities, requiresCompatibilities = [] } = definition.content
  const vpc = network?.awsvpcConfiguration
  if (networkMode === 'awsvpc' && vpc === undefined) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
  }
  if (networkMode !== 'awsvpc' && vpc !== undefined) {
    throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.')
  }
  if (vpc !== undefined) checkVpc(vpc)
  const required = requiresCompatibilities.length === 0 ? compatibilities : requiresCompatibilities
  if (!required.includes(launchType) || !compatibilities.includes(launchType)) {
    throw invalidParameter(`Task definition does not support launch_type ${launchType}.`)
  }
}

/** "There's a limit of 16 subnets …" "There's a limit of 5 security groups …" (AwsVpcConfiguration) */
function checkVpc({
  subnets,
  securityGroups = [],
}: NonNullable<NonNullable<NetworkConfiguration>['awsvpcConfiguration']>) {
  if (subnets.length === 0) throw invalidParameter('subnets can not be empty.')
  if (subnets.length > 16) throw invalidParameter('subnets can have at most 16 items.')
  if (securityGroups.length > 5) throw invalidParameter('securityGroups can have at most 5 items.')
  const wrongSubnet = subnets.find((subnet) => !/^subnet-[0-9a-zA-Z-]+$/.test(subnet))
  if (wrongSubnet !== undefined) {
    throw invalidParameter(
      `Error retrieving subnet information for [${wrongSubnet}]: The subnet ID '${wrongSubnet}' does not exist`,
    )
  }
  const wrongGroup = securityGroups.find((group) => !/^sg-[0-9a-zA-Z-]+$/.test(group))
  if (wrongGroup !== undefined) {
    throw invalidParameter(
      `Error retrieving security group information for [${wrongGroup}]: The security group '${wrongGroup}' does not exist`,
    )
  }
}
