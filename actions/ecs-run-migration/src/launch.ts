import {
  type NetworkConfiguration,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs'
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
import type { RunIdentity } from './idempotency.ts'
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
 * Reads the service and the task definition and puts together what RunTask needs. Only reads are sent.
 *
 * @throws {ActionError} not-found, or bad-input where the inputs do not fit what was read
 */
export async function prepareLaunch(inputs: Inputs, ecs: Ecs): Promise<Launch> {
  const service = inputs.service === undefined ? undefined : await describeService(ecs, inputs.cluster, inputs.service)
  const found = await readDefinition(inputs, service, ecs)
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
  if (inputs.taskDefinition !== undefined && isTaskDefinitionFile(inputs.taskDefinition)) {
    return { wanted: await readTaskDefinitionFile(inputs.taskDefinition), registered: undefined }
  }
  const registered = await describeTaskDefinition(ecs, inputs.taskDefinition ?? service?.taskDefinition ?? '')
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
  if (inputs.capacityProviderStrategy) return { capacityProviderStrategy: inputs.capacityProviderStrategy }
  if (inputs.launchType) return { launchType: inputs.launchType, ...platform(inputs.launchType, service) }
  const strategy = service?.capacityProviderStrategy ?? []
  if (strategy.length > 0) return { capacityProviderStrategy: strategy, ...platform('FARGATE', service) }
  return service?.launchType ? { launchType: service.launchType, ...platform(service.launchType, service) } : {}
}

/** A platform version belongs to Fargate alone. */
function platform(launchType: string, service: Service | undefined): Pick<Capacity, 'platformVersion'> {
  return launchType === 'FARGATE' && service?.platformVersion ? { platformVersion: service.platformVersion } : {}
}

/** The task that RunTask started, or that an earlier attempt with the same token had started. */
export interface Started {
  readonly taskArn: string
  readonly reattached: boolean
}

/**
 * Runs the task once: a request whose answer was lost is sent again with the same token and gets the same task.
 *
 * @throws {ActionError} refused when ECS answers with failures (HTTP 200 and no task)
 */
export async function runTask(
  ecs: Ecs,
  launch: Launch,
  request: {
    taskDefinition: string
    clientToken: string
    identity: RunIdentity
    tags: readonly { key: string; value: string }[]
  },
): Promise<Started> {
  const command = new RunTaskCommand({
    ...launch.settings,
    taskDefinition: request.taskDefinition,
    clientToken: request.clientToken,
    startedBy: request.identity.startedBy,
    tags: [...request.tags],
  })
  const answer = await ecs.caller.call<{
    tasks?: Task[]
    failures?: { arn?: string; reason?: string; detail?: string }[]
    existing?: string
  }>({
    operation: 'ecs:RunTask',
    subject: `task definition ${request.taskDefinition} in cluster ${launch.settings.cluster}`,
    send: (abortSignal) => ecs.client.send(command, { abortSignal }) as Promise<{ tasks?: Task[] }>,
    recover: (error, code) => (code === 'ConflictException' ? { existing: existingTask(error) } : undefined),
  })
  if (answer.existing !== undefined) return { taskArn: answer.existing, reattached: true }
  const taskArn = answer.tasks?.[0]?.taskArn
  if (taskArn !== undefined) return { taskArn, reattached: false }
  const failures = (answer.failures ?? []).map(({ reason, detail, arn }) =>
    [reason, detail, arn].filter(Boolean).join(', '),
  )
  throw new ActionError('refused', `ECS started no task: ${failures.join('; ') || 'it gave no reason'}.`, {
    advice:
      'RESOURCE:… and AGENT say that no container instance can take the task now; add capacity, or use Fargate. Nothing ran.',
  })
}

/** ConflictException: "The RunTask request could not be processed due to conflicts", with the tasks of that token. */
function existingTask(error: unknown): string {
  const [arn] = (error as { resourceIds?: readonly string[] }).resourceIds ?? []
  if (arn !== undefined) return arn
  throw new ActionError(
    'refused',
    'ECS answered that this run was started before with other parameters, but not which task it is.',
    {
      advice: 'Look for the task in the cluster; give another idempotency-key to run it anew.',
      cause: error,
    },
  )
}
