import type { Output } from '../service.ts'
import type { Deployment, RevisionSettings } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import { defined } from './task-description.ts'

/** A service as DescribeServices shows it. */
export function describeService(service: ManagedService, options: { readonly tags: boolean }): Output {
  const { identity, settings } = service
  const { running, pending } = service.count()
  const balanced = (settings?.loadBalancers ?? []).length > 0
  return defined({
    serviceArn: identity.arn,
    serviceName: identity.name,
    clusterArn: identity.cluster.arn,
    loadBalancers: [],
    serviceRegistries: [],
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: running,
    pendingCount: pending,
    ...(settings && describeSettings(settings)),
    deploymentConfiguration: service.configuration,
    ...describeDeployments(service),
    roleArn: balanced ? serviceRole(identity.arn) : undefined,
    events: service.events.latest(),
    createdAt: service.createdAt,
    schedulingStrategy: identity.scheduling,
    deploymentController: { type: identity.controller },
    tags: options.tags ? service.tags : [],
    createdBy: identity.createdBy,
    ...service.options,
  })
}

function describeSettings(settings: RevisionSettings): Output {
  const fargate = settings.launch.platformVersion !== undefined
  return {
    loadBalancers: settings.loadBalancers,
    launchType: settings.launchType,
    capacityProviderStrategy: settings.capacityProviderStrategy,
    platformVersion: fargate ? (settings.platformVersion ?? 'LATEST') : undefined,
    platformFamily: fargate ? 'Linux' : undefined,
    taskDefinition: settings.definition.arn,
    networkConfiguration: settings.networkConfiguration,
  }
}

/** Deployments are the ECS controller's; another one has task sets. (Service, deployments and taskSets) */
function describeDeployments(service: ManagedService): Output {
  const { deployments, serviceDeployments, identity } = service
  if (identity.controller !== 'ECS') {
    return { deployments: [], taskSets: deployments.map((deployment) => describeTaskSet(deployment, service)) }
  }
  return {
    deployments: deployments.map((deployment) => describeDeployment(deployment, service)),
    currentServiceDeployment: serviceDeployments[0]?.identity.arn,
    currentServiceRevisions: deployments.map((deployment) => describeCurrentRevision(deployment, service)),
  }
}

/** (TaskSet) */
function describeTaskSet(deployment: Deployment, service: ManagedService): Output {
  const { identity, desiredCount } = service
  const { settings } = deployment
  const { running, pending } = deployment.count()
  return defined({
    id: deployment.id,
    taskSetArn: `${identity.arn.replace(':service/', ':task-set/')}/${deployment.id}`,
    serviceArn: identity.arn,
    clusterArn: identity.cluster.arn,
    startedBy: 'CODE_DEPLOY',
    status: deployment.status,
    taskDefinition: settings.definition.arn,
    computedDesiredCount: desiredCount,
    pendingCount: pending,
    runningCount: running,
    createdAt: deployment.createdAt,
    updatedAt: deployment.updatedAt,
    launchType: settings.launchType,
    capacityProviderStrategy: settings.capacityProviderStrategy,
    platformVersion: settings.launch.platformVersion,
    networkConfiguration: settings.networkConfiguration,
    loadBalancers: settings.loadBalancers,
    scale: { value: 100, unit: 'PERCENT' },
    stabilityStatus:
      deployment.rolloutState === 'COMPLETED' && running === desiredCount ? 'STEADY_STATE' : 'STABILIZING',
    stabilityStatusAt: new Date(),
  })
}

function describeDeployment(deployment: Deployment, service: ManagedService): Output {
  const { settings } = deployment
  const rolling = service.configuration.strategy === 'ROLLING' && deployment.strategy === 'ROLLING'
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
    // "only returned for services that use the rolling update (ECS) deployment type" (Deployment, rolloutState)
    rolloutState: rolling ? deployment.rolloutState : undefined,
    rolloutStateReason: rolling ? deployment.rolloutStateReason : undefined,
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

/** An old deployment wants what it still has; one that traffic is shifted between is as large as the service. */
function wanted(deployment: Deployment, service: ManagedService): number {
  const [current] = service.serviceDeployments
  if (current?.staged && current.ongoing) return deployment.scaled ? service.desiredCount : 0
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
    resolvedConfiguration: describeResolved(deployment),
    networkConfiguration: settings.networkConfiguration,
    containerImages: settings.definition.content.containerDefinitions.map(({ name, image }) => ({
      containerName: name,
      image,
    })),
    guardDutyEnabled: false,
    createdAt: deployment.createdAt,
  })
}

/** "the actual resources your service revision uses, such as which target groups serve traffic" (ServiceRevision) */
function describeResolved({ targets, settings }: Deployment): Output | undefined {
  if (targets.length === 0) return undefined
  const loadBalancers = targets.map(({ targetGroupArn }, index) => {
    const rule = settings.loadBalancers[index]?.advancedConfiguration?.productionListenerRule
    return defined({ targetGroupArn, productionListenerRule: rule })
  })
  return { loadBalancers }
}
