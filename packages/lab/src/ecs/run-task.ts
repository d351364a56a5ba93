import * as v from 'valibot'
import type { Call, Input, LabContext, Output } from '../service.ts'
import { ecsArn } from './arns.ts'
import type { ClientTokens } from './client-tokens.ts'
import type { Cluster, Clusters } from './clusters.ts'
import {
  capacityProviderStrategy,
  flag,
  invalidParameter,
  networkConfiguration,
  readInput,
  refuseMembers,
  text,
} from './input.ts'
import { checkLaunch, chooseLaunch } from './launch-settings.ts'
import { checkTags, mergeTags, requestTagKeys, resourceTagKeys, type Tag, tagsMember } from './tags.ts'
import type { Task } from './task.ts'
import type { TaskDefinition } from './task-definition.ts'
import { authorizePassRole, type TaskDefinitions } from './task-definitions.ts'
import { checkOverrides, overridesMember } from './task-overrides.ts'
import { capacityReason, describeTasks, type TaskRequest, type Tasks } from './tasks.ts'

const runInput = v.looseObject({
  taskDefinition: v.string(),
  cluster: text,
  count: v.optional(v.pipe(v.number(), v.integer()), 1),
  launchType: v.optional(v.picklist(['EC2', 'FARGATE', 'EXTERNAL'])),
  capacityProviderStrategy,
  platformVersion: text,
  networkConfiguration,
  overrides: v.optional(v.nonOptional(overridesMember), {}),
  group: text,
  startedBy: text,
  tags: tagsMember,
  propagateTags: v.optional(v.picklist(['TASK_DEFINITION', 'SERVICE', 'NONE']), 'NONE'),
  enableECSManagedTags: flag,
  enableExecuteCommand: flag,
  clientToken: text,
})

type RunInput = v.InferOutput<typeof runInput>

export interface RunTaskState {
  readonly context: LabContext
  readonly clusters: Clusters
  readonly definitions: TaskDefinitions
  readonly tasks: Tasks
  readonly tokens: ClientTokens
}

/** @throws AwsError */
export function runTask(input: Input, call: Call, state: RunTaskState): Output {
  const request = readInput(runInput, input)
  refuseMembers(input, ['volumeConfigurations'])
  const cluster = state.clusters.find(request.cluster)
  const definition = state.definitions.findRunnable(request.taskDefinition)
  const tags = tagsOf(request, definition, cluster)
  authorize(call, request, { cluster, definition, tags, context: state.context })
  const plan = planTask(request, cluster, definition, tags)

  const { clientToken, ...parameters } = input
  const replayed = clientToken && state.tokens.find(cluster, clientToken, parameters)
  if (replayed) return { tasks: replayed.map(describeReplayed), failures: [] }

  const tasks: Task[] = []
  const failures: Output[] = []
  for (let index = 0; index < request.count; index++) {
    if (state.tasks.hasRoom()) tasks.push(state.tasks.launch(plan))
    // What cannot be placed is answered with HTTP 200. (API failure reasons)
    else failures.push({ arn: cluster.arn, reason: capacityReason })
  }
  if (clientToken && tasks.length > 0) state.tokens.remember(cluster, clientToken, parameters, tasks)
  return { tasks: describeTasks(tasks, true), failures }
}

function planTask(request: RunInput, cluster: Cluster, definition: TaskDefinition, tags: readonly Tag[]): TaskRequest {
  const { count, overrides, startedBy, networkConfiguration: network } = request
  // "You can specify up to 10 tasks for each call." (RunTask, count)
  if (count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.')
  // "Up to 128 letters (uppercase and lowercase), numbers, hyphens (-), forward slash (/), and underscores (_) are
  // allowed." (RunTask, startedBy)
  if (startedBy !== undefined && !/^[\w/-]{0,128}$/.test(startedBy)) {
    throw invalidParameter('startedBy must have at most 128 letters, numbers, hyphens, slashes and underscores.')
  }
  const names = definition.content.containerDefinitions.map(({ name }) => name)
  checkOverrides(overrides, names)
  const launch = chooseLaunch(request, cluster)
  checkLaunch(definition, launch.launchType, network)
  if (request.enableExecuteCommand && !(overrides.taskRoleArn ?? definition.content.taskRoleArn)) {
    throw invalidParameter(
      'The service couldn’t be updated because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.',
    )
  }
  return {
    cluster,
    definition,
    group: request.group ?? `family:${definition.family}`,
    startedBy,
    launchType: launch.launchType,
    capacityProvider: launch.capacityProvider,
    platformVersion: launch.platformVersion,
    networkConfiguration: network,
    overrides,
    tags,
    enableExecuteCommand: request.enableExecuteCommand ?? false,
  }
}

/** "An error will be received if you specify the SERVICE option when running a task." (RunTask, propagateTags) */
function tagsOf(request: RunInput, definition: TaskDefinition, cluster: Cluster): readonly Tag[] {
  if (request.propagateTags === 'SERVICE') {
    throw invalidParameter('Invalid value for propagateTags: SERVICE is not valid when running a task.')
  }
  const propagated = request.propagateTags === 'TASK_DEFINITION' ? definition.tags : []
  const managed = request.enableECSManagedTags ? [{ key: 'aws:ecs:clusterName', value: cluster.name }] : []
  return mergeTags(propagated, checkTags(request.tags), managed)
}

interface Authorized {
  readonly cluster: Cluster
  readonly definition: TaskDefinition
  readonly tags: readonly Tag[]
  readonly context: LabContext
}

/** (Actions, resources, and condition keys for Amazon Elastic Container Service: RunTask) */
function authorize(call: Call, request: RunInput, { cluster, definition, tags, context }: Authorized): void {
  const requested = requestTagKeys(request.tags)
  call.authorize('ecs:RunTask', definition.arn, {
    'ecs:cluster': cluster.arn,
    'ecs:enable-execute-command': String(request.enableExecuteCommand ?? false),
    ...resourceTagKeys(definition.tags),
    ...requested,
  })
  if (tags.length > 0) {
    const resource = ecsArn(context, 'task', cluster.name, '*')
    call.authorize('ecs:TagResource', resource, { ...requested, 'ecs:CreateAction': 'RunTask' })
  }
  authorizePassRole({ ...definition.content, ...request.overrides }, call, context)
}

/** Of a task that has stopped, a replay returns only ARN, last status and desired status. (Ensuring idempotency) */
function describeReplayed(task: Task): Output {
  if (task.lastStatus === 'STOPPED') {
    return { taskArn: task.arn, lastStatus: task.lastStatus, desiredStatus: task.desiredStatus }
  }
  return describeTasks([task], true)[0]!
}
