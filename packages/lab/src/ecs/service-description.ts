import type { Output } from '../service.ts'
import type { Deployment } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import { defined } from './task-description.ts'

/** A service as DescribeServices shows it. */
export function describeService(service: ManagedService, options: { readonly tags: boolean }): Output {
  const { identity, settings } = service
  const { running, pending } = service.count()
  const [current] = service.serviceDeployments
  return defined({
    serviceArn: identity.arn,
    serviceName: identity.name,
    clusterArn: identity.cluster.arn,
    loadBalancers: settings.loadBalancers,
    serviceRegistries: [],
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: running,
    pendingCount: pending,
    launchType: settings.launchType,
    capacityProviderStrategy: settings.capacityProviderStrategy,
    platformVersion: settings.launch.platformVersion === undefined ? undefined : (settings.platformVersion ?? 'LATEST'),
    platformFamily: settings.launch.platformVersion === undefined ? undefined : 'Linux',
    taskDefinition: settings.definition.arn,
    deploymentConfiguration: service.configuration,
    deployments: service.deployments.map((deployment) => describeDeployment(deployment, service)),
    roleArn: settings.loadBalancers.length > 0 ? serviceRole(identity.arn) : undefined,
    events: service.events.latest(),
    createdAt: service.createdAt,
    currentServiceDeployment: current?.identity.arn,
    currentServiceRevisions: service.deployments.map((deployment) => describeCurrentRevision(deployment, service)),
    networkConfiguration: settings.networkConfiguration,
    schedulingStrategy: 'REPLICA',
    deploymentController: { type: 'ECS' },
    tags: options.tags ? service.tags : [],
    createdBy: identity.createdBy,
    ...service.options,
  })
}

function describeDeployment(deployment: Deployment, service: ManagedService): Output {
  const { settings } = deployment
  const { running, pending } = deployment.count()
  return defined({
    id: deployment.id,
    status: deployment.status,
    taskDefinition: settings.definition.arn,
    desiredCount: wanted(deployment, service),
    pendingCount: pending,
    runningCount: running,
    failedTasks: deployment.failedTasks,
    createdAt: deployment.createdAt,
    updatedAt: deployment.updatedAt,
    launchType: settings.launchType,
    capacityProviderStrategy: settings.capacityProviderStrategy,
    platformVersion: settings.launch.platformVersion,
    platformFamily: settings.launch.platformVersion === undefined ? undefined : 'Linux',
    networkConfiguration: settings.networkConfiguration,
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  })
}

function describeCurrentRevision(deployment: Deployment, service: ManagedService): Output {
  const { running, pending } = deployment.count()
  return {
    arn: deployment.revisionArn,
    requestedTaskCount: wanted(deployment, service),
    runningTaskCount: running,
    pendingTaskCount: pending,
  }
}

/** An old deployment wants what it still has. */
function wanted(deployment: Deployment, service: ManagedService): number {
  return deployment.status === 'PRIMARY' ? service.desiredCount : deployment.alive().length
}

function serviceRole(serviceArn: string): string {
  const account = serviceArn.split(':')[4]
  return `arn:aws:iam::${account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`
}

/** A service revision as DescribeServiceRevisions shows it. */
export function describeRevision(deployment: Deployment, service: ManagedService): Output {
  const { settings } = deployment
  return defined({
    serviceRevisionArn: deployment.revisionArn,
    serviceArn: service.identity.arn,
    clusterArn: service.identity.cluster.arn,
    taskDefinition: settings.definition.arn,
    launchType: settings.launchType,
    capacityProviderStrategy: settings.capacityProviderStrategy,
    platformVersion: settings.launch.platformVersion,
    platformFamily: settings.launch.platformVersion === undefined ? undefined : 'Linux',
    loadBalancers: settings.loadBalancers,
    networkConfiguration: settings.networkConfiguration,
    containerImages: settings.definition.content.containerDefinitions.map(({ name, image }) => ({
      containerName: name,
      image,
    })),
    guardDutyEnabled: false,
    createdAt: deployment.createdAt,
  })
}
