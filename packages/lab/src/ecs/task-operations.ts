import * as v from 'valibot'
import { AwsError, type Call, type Input, type LabContext, type Output } from '../service.ts'
import { ecsArn, nameOf } from './arns.ts'
import type { Cluster, Clusters } from './clusters.ts'
import { invalidParameter, readInput, refuseMembers, text, texts, whole } from './input.ts'
import { pageOf, pageOutput } from './pages.ts'
import type { Task } from './task.ts'
import { describeTask } from './task-description.ts'
import { authorizeTask, findVisible, type Tasks } from './tasks.ts'

export interface TaskState {
  readonly context: LabContext
  readonly clusters: Clusters
  readonly tasks: Tasks
  /** Whether the cluster has a service of that name. */
  hasService(cluster: Cluster, name: string): boolean
}

const describeInput = v.looseObject({ cluster: text, tasks: v.array(v.string()), include: texts })
const stopInput = v.looseObject({ cluster: text, task: v.string(), reason: text })
const listInput = v.looseObject({
  cluster: text,
  family: text,
  serviceName: text,
  startedBy: text,
  desiredStatus: v.optional(v.picklist(['RUNNING', 'PENDING', 'STOPPED']), 'RUNNING'),
  launchType: v.optional(v.picklist(['EC2', 'FARGATE', 'EXTERNAL'])),
  nextToken: text,
  maxResults: whole,
})

/** "A list of up to 100 task IDs or full ARN entries." (DescribeTasks, tasks) */
export function describeTasks(input: Input, call: Call, { clusters, tasks }: TaskState): Output {
  const { cluster: reference, tasks: asked, include = [] } = readInput(describeInput, input)
  const cluster = clusters.find(reference)
  if (asked.length === 0) throw invalidParameter('Tasks cannot be empty.')
  if (asked.length > 100) throw invalidParameter('Tasks cannot have more than 100 elements.')
  tasks.remembered()
  const found: Output[] = []
  const failures: Output[] = []
  for (const wanted of new Set(asked)) {
    const arn = tasks.arnOf(cluster, wanted)
    const task = tasks.find(cluster, wanted)
    authorizeTask(call, 'ecs:DescribeTasks', arn, cluster, task)
    if (task?.visible && task.plan.cluster === cluster)
      found.push(describeTask(task, { tags: include.includes('TAGS') }))
    else failures.push({ arn, reason: 'MISSING' })
  }
  return { tasks: found, failures }
}

/** "Any tags associated with the task will be deleted." (StopTask) */
export function stopTask(input: Input, call: Call, { clusters, tasks }: TaskState): Output {
  const { cluster: reference, task: wanted, reason } = readInput(stopInput, input)
  const cluster = clusters.find(reference)
  authorizeTask(call, 'ecs:StopTask', tasks.arnOf(cluster, wanted), cluster, tasks.find(cluster, wanted))
  const task = findVisible(tasks, cluster, wanted)
  task.requestStop({ stopCode: 'UserInitiated', stoppedReason: reason ?? 'Task stopped by user' })
  task.tags = []
  return { task: describeTask(task, { tags: true }) }
}

export function listTasks(input: Input, call: Call, state: TaskState): Output {
  refuseMembers(input, ['containerInstance', 'daemonName'])
  const request = readInput(listInput, input)
  const cluster = state.clusters.find(request.cluster)
  const instances = ecsArn(state.context, 'container-instance', cluster.name, '*')
  call.authorize('ecs:ListTasks', instances, { 'ecs:cluster': cluster.arn })
  const { startedBy, family, serviceName, launchType } = request
  // "When you specify startedBy as the filter, it must be the only filter that you use." (ListTasks, startedBy)
  if (
    startedBy !== undefined &&
    [family, serviceName, launchType, input.desiredStatus].some((other) => other != null)
  ) {
    throw invalidParameter('Only one filter can be used when startedBy is specified.')
  }
  const service = serviceName === undefined ? undefined : nameOf(serviceName)
  if (service !== undefined && !state.hasService(cluster, service)) {
    throw new AwsError('ServiceNotFoundException', 'Service not found.')
  }
  const listed = state.tasks.remembered().filter(
    (task: Task) =>
      task.visible &&
      task.plan.cluster === cluster &&
      (family === undefined || task.plan.definition.family === family) &&
      (service === undefined || task.plan.group === `service:${service}`) &&
      (launchType === undefined || task.plan.launchType === launchType) &&
      (startedBy === undefined || task.plan.startedBy === startedBy) &&
      // "The default status filter is RUNNING, which shows tasks that Amazon ECS has set the desired status to RUNNING."
      task.desiredStatus === request.desiredStatus,
  )
  const { page, nextToken } = pageOf(
    listed.map(({ arn }) => arn),
    request,
  )
  return pageOutput('taskArns', page, nextToken)
}
