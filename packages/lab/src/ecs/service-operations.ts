import * as v from 'valibot'
import type { Call, Input, LabContext, Output } from '../service.ts'
import { ecsArn } from './arns.ts'
import type { Cluster, Clusters } from './clusters.ts'
import { readDeploymentConfiguration } from './deployment-configuration.ts'
import { invalidParameter, readInput, text, texts, whole } from './input.ts'
import type { ManagedService } from './managed-service.ts'
import { pageOf, pageOutput } from './pages.ts'
import { checkNewService, checkUpdate } from './service-controller.ts'
import { describeService } from './service-description.ts'
import {
  createServiceInput,
  planOptions,
  planSettings,
  refuseForeignServices,
  updateServiceInput,
} from './service-input.ts'
import { type Balancers, checkStrategy } from './service-load-balancer.ts'
import type { Services } from './services.ts'
import { checkTags, requestTagKeys, resourceTagKeys, type Tag } from './tags.ts'
import type { TaskDefinition } from './task-definition.ts'
import type { TaskDefinitions } from './task-definitions.ts'

export interface ServiceState extends Balancers {
  readonly context: LabContext
  readonly clusters: Clusters
  readonly definitions: TaskDefinitions
  readonly services: Services
}

const describeInput = v.looseObject({ cluster: text, services: v.array(v.string()), include: texts })
const deleteInput = v.looseObject({ cluster: text, service: v.string(), force: v.optional(v.boolean(), false) })
const listInput = v.looseObject({
  cluster: text,
  launchType: text,
  schedulingStrategy: text,
  nextToken: text,
  maxResults: whole,
})

/** @throws AwsError */
export function createService(input: Input, call: Pick<Call, 'authorize' | 'caller'>, state: ServiceState): Output {
  const given = readInput(createServiceInput, input)
  const { serviceName: name } = given
  if (!/^[\w-]{1,255}$/.test(name)) throw invalidParameter('Service name has invalid characters.')
  if (given.clientToken !== undefined && !/^[\x21-\x7e]{1,36}$/.test(given.clientToken)) {
    throw invalidParameter('clientToken must have 1 to 36 ASCII characters in the range of 33-126 (inclusive).')
  }
  refuseForeignServices(input)
  const controller = given.deploymentController?.type ?? 'ECS'
  const scheduling = given.schedulingStrategy ?? 'REPLICA'
  const cluster = state.clusters.find(given.cluster)
  const tags = checkTags(given.tags)
  authorizeCreate(call, state.services.arnOf(cluster, name), cluster, tags)
  checkNewService(given, controller, scheduling)
  const parameters = JSON.stringify(input)
  const existing = state.services.find(cluster, name)
  if (existing !== undefined && existing.status !== 'INACTIVE') {
    if (existing.status === 'ACTIVE' && existing.identity.parameters === parameters) return output(existing)
    throw invalidParameter('Creation of service was not idempotent.')
  }
  const definition =
    given.taskDefinition === undefined ? undefined : state.definitions.findRunnable(given.taskDefinition)
  const settings = definition && planSettings(given, definition, undefined, { ...state, cluster })
  const configuration = readDeploymentConfiguration(given.deploymentConfiguration, scheduling)
  checkStrategy(configuration, settings)
  const service = state.services.add({
    name,
    cluster,
    controller,
    scheduling,
    createdBy: call.caller.arn,
    parameters,
    // "deploys exactly one task on each active container instance" (CreateService): this machine is the only one.
    desiredCount: scheduling === 'DAEMON' ? 1 : (given.desiredCount ?? 0),
    settings,
    configuration,
    options: planOptions(given),
    tags,
  })
  return output(service)
}

/** An update that leaves the revision as it is starts no deployment, unless that is forced. (View service history) */
export function updateService(input: Input, call: Pick<Call, 'authorize'>, state: ServiceState): Output {
  const given = readInput(updateServiceInput, input)
  const cluster = state.clusters.find(given.cluster)
  const known = state.services.find(cluster, given.service)
  call.authorize('ecs:UpdateService', state.services.arnOf(cluster, given.service), {
    'ecs:cluster': cluster.arn,
    ...(given.taskDefinition === undefined
      ? {}
      : { 'ecs:task-definition': definitionArn(given.taskDefinition, state) }),
    ...resourceTagKeys(known?.tags ?? []),
  })
  refuseForeignServices(input)
  const service = state.services.requireActive(cluster, given.service)
  checkUpdate(given, service)
  const { scheduling } = service.identity
  const definition = wantedDefinition(given.taskDefinition, service, state)
  const settings = definition && planSettings(given, definition, service.settings, { ...state, cluster })
  const configuration = readDeploymentConfiguration(given.deploymentConfiguration, scheduling, service.configuration)
  checkStrategy(configuration, settings)
  const changed = JSON.stringify(settings) !== JSON.stringify(service.settings)
  service.options = planOptions(given, service.options)
  service.configuration = configuration
  service.desiredCount = given.desiredCount ?? service.desiredCount
  if (service.primary !== undefined) service.primary.updatedAt = new Date()
  if (changed || given.forceNewDeployment) {
    service.settings = settings
    state.services.deployments.start(service)
  }
  state.services.changed(service)
  return output(service)
}

/** A service that refers to an INACTIVE definition can be updated as long as the update does not name it. */
function wantedDefinition(
  reference: string | undefined,
  service: ManagedService,
  state: ServiceState,
): TaskDefinition | undefined {
  return reference === undefined ? service.settings?.definition : state.definitions.findRunnable(reference)
}

function definitionArn(reference: string, { definitions, context }: ServiceState): string {
  return definitions.find(reference)?.arn ?? ecsArn(context, 'task-definition', reference)
}

export function deleteService(input: Input, call: Call, state: ServiceState): Output {
  const { cluster: reference, service: wanted, force } = readInput(deleteInput, input)
  const cluster = state.clusters.find(reference)
  const known = state.services.find(cluster, wanted)
  call.authorize('ecs:DeleteService', state.services.arnOf(cluster, wanted), {
    'ecs:cluster': cluster.arn,
    ...resourceTagKeys(known?.tags ?? []),
  })
  const service = state.services.requireActive(cluster, wanted)
  // "You can delete a service if you have no running tasks in it and the desired task count is zero." (DeleteService)
  // "It's only necessary to use this if the service uses the REPLICA scheduling strategy." (DeleteService, force)
  if (!force && service.desiredCount > 0 && service.identity.scheduling === 'REPLICA') {
    throw invalidParameter('The service cannot be stopped while it is scaled above 0.')
  }
  service.status = 'DRAINING'
  service.desiredCount = 0
  state.context.journal.change('ecs', service.identity.arn, 'ACTIVE', 'DRAINING')
  state.services.changed(service)
  return output(service)
}

/** "You may specify up to 10 services to describe in a single operation." (DescribeServices) */
export function describeServices(input: Input, call: Call, state: ServiceState): Output {
  const { cluster: reference, services: asked, include = [] } = readInput(describeInput, input)
  const cluster = state.clusters.find(reference)
  if (asked.length === 0) throw invalidParameter('Services cannot be empty.')
  if (asked.length > 10) throw invalidParameter('Services cannot have more than 10 elements.')
  const services: Output[] = []
  const failures: Output[] = []
  for (const wanted of asked) {
    const arn = state.services.arnOf(cluster, wanted)
    const service = state.services.find(cluster, wanted)
    call.authorize('ecs:DescribeServices', arn, { 'ecs:cluster': cluster.arn, ...resourceTagKeys(service?.tags ?? []) })
    if (service?.identity.cluster === cluster)
      services.push(describeService(service, { tags: include.includes('TAGS') }))
    else failures.push({ arn, reason: 'MISSING' })
  }
  return { services, failures }
}

/** "If this parameter isn't used, then ListServices returns up to 10 results" (ListServices, maxResults) */
export function listServices(input: Input, call: Call, state: ServiceState): Output {
  const request = readInput(listInput, input)
  const cluster = state.clusters.find(request.cluster)
  call.authorize('ecs:ListServices', '*', { 'ecs:cluster': cluster.arn })
  const arns = state.services
    .ofCluster(cluster)
    .filter(
      ({ status, settings, identity }) =>
        status === 'ACTIVE' &&
        (request.launchType === undefined || settings?.launchType === request.launchType) &&
        (request.schedulingStrategy === undefined || request.schedulingStrategy === identity.scheduling),
    )
    .map(({ identity }) => identity.arn)
  const { page, nextToken } = pageOf(arns, request, { defaultSize: 10 })
  return pageOutput('serviceArns', page, nextToken)
}

function authorizeCreate(call: Pick<Call, 'authorize'>, arn: string, cluster: Cluster, tags: readonly Tag[]): void {
  const requested = requestTagKeys(tags)
  call.authorize('ecs:CreateService', arn, { 'ecs:cluster': cluster.arn, ...requested })
  if (tags.length > 0) call.authorize('ecs:TagResource', arn, { ...requested, 'ecs:CreateAction': 'CreateService' })
}

function output(service: ManagedService): Output {
  return { service: describeService(service, { tags: true }) }
}
