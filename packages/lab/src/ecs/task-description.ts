import type { Output } from '../service.ts'
import type { Container } from './container.ts'
import type { Task } from './task.ts'

/** A task as DescribeTasks shows it. Members that have no value yet are left out, as AWS leaves them out. */
export function describeTask(task: Task, options: { readonly tags: boolean }): Output {
  const { plan, times } = task
  const { content } = plan.definition
  const fargate = plan.launchType === 'FARGATE'
  return defined({
    attachments: describeAttachments(task),
    attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
    availabilityZone: `${task.arn.split(':')[3]}a`,
    capacityProviderName: plan.capacityProvider,
    clusterArn: plan.cluster.arn,
    connectivity: times.connectivityAt === undefined ? undefined : 'CONNECTED',
    containers: task.containers.map((container) => describeContainer(container, task)),
    cpu: plan.overrides.cpu ?? content.cpu,
    memory: plan.overrides.memory ?? content.memory,
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: plan.enableExecuteCommand,
    ...times,
    group: plan.group,
    healthStatus: task.healthStatus,
    inferenceAccelerators: [],
    lastStatus: task.lastStatus,
    launchType: plan.launchType,
    overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [], ...plan.overrides },
    platformVersion: fargate ? plan.platformVersion : undefined,
    platformFamily: fargate ? 'Linux' : undefined,
    startedBy: plan.startedBy,
    stopCode: task.stopCause?.stopCode,
    stoppedReason: task.stopCause?.stoppedReason,
    tags: options.tags ? task.tags : [],
    taskArn: task.arn,
    taskDefinitionArn: plan.definition.arn,
    version: task.version,
  })
}

function describeContainer(container: Container, task: Task): Output {
  const { definition } = container
  return defined({
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.name,
    image: definition.image,
    imageDigest: container.imageDigest,
    runtimeId: container.started ? container.runtimeId : undefined,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: describeBindings(container, task),
    networkInterfaces: describeInterfaces(task),
    healthStatus: container.healthStatus,
    cpu: String(definition.cpu ?? 0),
    memory: definition.memory === undefined ? undefined : String(definition.memory),
    memoryReservation: definition.memoryReservation === undefined ? undefined : String(definition.memoryReservation),
  })
}

const attachedStatuses = new Set(['PENDING', 'ACTIVATING', 'RUNNING', 'DEACTIVATING', 'STOPPING'])

function describeAttachments({ plan, lastStatus }: Task): readonly Output[] {
  const subnet = plan.networkConfiguration?.awsvpcConfiguration?.subnets[0]
  if (subnet === undefined) return []
  const attached = attachedStatuses.has(lastStatus)
  const status = attached ? 'ATTACHED' : lastStatus === 'PROVISIONING' ? 'PRECREATED' : 'DELETED'
  const details = [{ name: 'subnetId', value: subnet }]
  if (lastStatus !== 'PROVISIONING') details.push({ name: 'privateIPv4Address', value: plan.address })
  return [{ id: plan.attachmentId, type: 'ElasticNetworkInterface', status, details }]
}

/** Outside of awsvpc, the port of the host that the container's first port is bound to. */
function describeBindings({ definition, port }: Container, { plan }: Task): readonly Output[] {
  const [mapping] = definition.portMappings ?? []
  if (plan.definition.content.networkMode === 'awsvpc' || mapping === undefined || port === undefined) return []
  return [{ bindIP: '127.0.0.1', containerPort: mapping.containerPort, hostPort: port, protocol: mapping.protocol }]
}

function describeInterfaces({ plan, lastStatus }: Task): readonly Output[] {
  if (plan.networkConfiguration?.awsvpcConfiguration === undefined || lastStatus === 'PROVISIONING') return []
  return [{ attachmentId: plan.attachmentId, privateIpv4Address: plan.address }]
}

export function defined(output: Output): Output {
  return Object.fromEntries(Object.entries(output).filter(([, value]) => value !== undefined))
}
