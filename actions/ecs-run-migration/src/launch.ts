import type { NetworkConfiguration, RunTaskCommandInput, Service } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { describeService } from '@deploy-kit/core/ecs/services'
import {
  chooseContainer,
  replaceImage,
  type TaskDefinition,
  type TaskDefinitionInput,
} from '@deploy-kit/core/ecs/task-definition'
import { isTaskDefinitionFile, readTaskDefinitionFile } from '@deploy-kit/core/ecs/task-definition-file'
import { describeTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import { ActionError } from '@deploy-kit/core/errors'
import type { Inputs } from './inputs.ts'

/** Everything that is decided before the task is run. */
export interface Launch {
  /** What is to run; `registered` when a revision of exactly this was named and needs no change. */
  readonly wanted: TaskDefinitionInput
  readonly registered: TaskDefinition | undefined
  readonly container: string
  /** RunTask's members but for definition, token and startedBy. */
  readonly settings: Omit<RunTaskCommandInput, 'taskDefinition' | 'clientToken' | 'startedBy'>
}

/**
 * The definition, if `task-definition` is a file. Sends nothing.
 *
 * @throws {ActionError} bad-input where it cannot be read, or does not have the container
 */
export async function readDefinitionFile(
  { taskDefinition: path, container }: Inputs,
  { environment }: ActionContext,
): Promise<TaskDefinitionInput | undefined> {
  if (path === undefined || !isTaskDefinitionFile(path)) return undefined
  const definition = await readTaskDefinitionFile(path, environment.GITHUB_WORKSPACE)
  chooseContainer(definition, container)
  return definition
}

/**
 * Reads the service and the task definition and puts together what RunTask needs. Only reads are sent.
 *
 * @param file the definition from readDefinitionFile
 * @throws {ActionError} not-found, or bad-input where the inputs do not fit what was read
 */
export async function prepareLaunch(inputs: Inputs, file: TaskDefinitionInput | undefined, ecs: Ecs): Promise<Launch> {
  const service = inputs.service === undefined ? undefined : await describeService(ecs, inputs.cluster, inputs.service)
  const found = file ? { wanted: file, registered: undefined } : await readDefinition(inputs, service, ecs)
  const container = chooseContainer(found.wanted, inputs.container).name
  const wanted = inputs.image === undefined ? found.wanted : replaceImage(found.wanted, container, inputs.image)
  const changed = inputs.image !== undefined && imageOf(found.wanted, container) !== inputs.image
  return {
    wanted,
    registered: changed ? undefined : found.registered,
    container,
    settings: {
      cluster: inputs.cluster,
      count: 1,
      networkConfiguration: chooseNetwork(inputs, service, wanted),
      ...chooseCapacity(inputs, service),
      overrides: {
        containerOverrides: [
          {
            name: container,
            ...(inputs.command && { command: [...inputs.command] }),
            ...(inputs.environment.length > 0 && {
              environment: inputs.environment.map(([name, value]) => ({ name, value })),
            }),
          },
        ],
      },
    },
  }
}

async function readDefinition(
  inputs: Inputs,
  service: Service | undefined,
  ecs: Ecs,
): Promise<{ wanted: TaskDefinitionInput; registered: TaskDefinition | undefined }> {
  const name = inputs.taskDefinition ?? service?.taskDefinition
  if (name === undefined) {
    throw new ActionError(
      'bad-input',
      `task-definition: is required, because the service ${inputs.service} has none of its own (its deployment controller is ${service?.deploymentController?.type ?? 'unknown'})`,
      { advice: 'Nothing was changed. Name the family that its task sets use.' },
    )
  }
  const registered = await describeTaskDefinition(ecs, name)
  // An INACTIVE revision goes on running in services, but RunTask refuses it: the same is registered again.
  return { wanted: registered.input, registered: registered.status === 'ACTIVE' ? registered : undefined }
}

function imageOf(definition: TaskDefinitionInput, container: string): string | undefined {
  return definition.containerDefinitions.find(({ name }) => name === container)?.image
}

/** ECS: networkConfiguration "is required for task definitions that use the awsvpc network mode", and refused for others. */
function chooseNetwork(
  inputs: Inputs,
  service: Service | undefined,
  definition: TaskDefinitionInput,
): NetworkConfiguration | undefined {
  const inherited = service?.networkConfiguration?.awsvpcConfiguration
  const given = [
    ...(inputs.subnets.length > 0 ? ['subnets'] : []),
    ...(inputs.securityGroups.length > 0 ? ['security-groups'] : []),
    ...(inputs.assignPublicIp === undefined ? [] : ['assign-public-ip']),
  ]
  if (definition.networkMode !== 'awsvpc') {
    if (given.length === 0) return undefined
    throw new ActionError(
      'bad-input',
      `${given.join(', ')}: the task definition ${definition.family} has network mode ${definition.networkMode ?? 'bridge'}, and ECS takes a network only for awsvpc`,
      {
        advice: 'Nothing was changed. Leave the input out, or use a definition with awsvpc.',
      },
    )
  }
  const subnets = inputs.subnets.length > 0 ? [...inputs.subnets] : (inherited?.subnets ?? [])
  if (subnets.length === 0) {
    throw new ActionError(
      'bad-input',
      `subnets: are required, because ${definition.family} has network mode awsvpc and no service gives them`,
      {
        advice: 'Nothing was changed. Give subnets, or a service to take them from.',
      },
    )
  }
  const securityGroups = inputs.securityGroups.length > 0 ? [...inputs.securityGroups] : inherited?.securityGroups
  const publicIp =
    inputs.assignPublicIp === undefined ? inherited?.assignPublicIp : inputs.assignPublicIp ? 'ENABLED' : 'DISABLED'
  return { awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: publicIp } }
}

type Capacity = Pick<RunTaskCommandInput, 'launchType' | 'capacityProviderStrategy' | 'platformVersion'>

function chooseCapacity(inputs: Inputs, service: Service | undefined): Capacity {
  const given = inputs.capacityProviderStrategy
  if (given) return { capacityProviderStrategy: given, ...platformOf(given, service) }
  if (inputs.launchType) return { launchType: inputs.launchType, ...platform(inputs.launchType, service) }
  const strategy = service?.capacityProviderStrategy ?? []
  if (strategy.length > 0) return { capacityProviderStrategy: strategy, ...platformOf(strategy, service) }
  return service?.launchType ? { launchType: service.launchType, ...platform(service.launchType, service) } : {}
}

/** FARGATE and FARGATE_SPOT are the capacity providers of Fargate; all of a strategy are, or none. */
function platformOf(
  strategy: readonly { readonly capacityProvider?: string | undefined }[],
  service: Service | undefined,
): Pick<Capacity, 'platformVersion'> {
  const isFargate = strategy.every(({ capacityProvider = '' }) => capacityProvider.startsWith('FARGATE'))
  return platform(isFargate ? 'FARGATE' : 'EC2', service)
}

/** A platform version belongs to Fargate alone. */
function platform(launchType: string, service: Service | undefined): Pick<Capacity, 'platformVersion'> {
  return launchType === 'FARGATE' && service?.platformVersion ? { platformVersion: service.platformVersion } : {}
}
