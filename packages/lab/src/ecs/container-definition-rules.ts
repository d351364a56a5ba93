import type { ContainerDefinition, ContainerDefinitionInput } from './container-definition.ts'
import { clientError } from './input.ts'

/** What the task definition around the containers decides. */
export interface Surroundings {
  readonly fargate: boolean
  readonly networkMode: string
  readonly hasTaskMemory: boolean
  readonly executionRoleArn: string | undefined
}

/**
 * What RegisterTaskDefinition refuses in containers. (Amazon ECS task definition parameters)
 * @throws AwsError ClientException in the words of AWS where they are known
 */
export function checkContainers(containers: readonly ContainerDefinitionInput[], around: Surroundings): void {
  if (containers.length === 0) throw clientError('TaskDefinition.containers should not be null or empty.')
  const names = new Set<string>()
  for (const container of containers) {
    if (!container.name) throw clientError('Container.name should not be null or empty.')
    if (!/^[\w-]{1,255}$/.test(container.name)) {
      throw clientError(`Container.name contains invalid characters: ${container.name}`)
    }
    if (names.has(container.name)) throw clientError(`Container.name should be unique: ${container.name}`)
    names.add(container.name)
    checkContainer(container, around)
  }
  if (containers.every(({ essential }) => essential === false)) {
    throw clientError('Invalid setting for container. At least one container must be essential.')
  }
  checkDependencies(containers)
}

function checkContainer(container: ContainerDefinitionInput, around: Surroundings): void {
  const { name, memory, memoryReservation } = container
  if (!container.image) throw clientError('Container.image should not be null or empty.')
  if (!around.fargate && !around.hasTaskMemory && memory === undefined && memoryReservation === undefined) {
    throw clientError(
      `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
    )
  }
  if (memory !== undefined && memoryReservation !== undefined && memoryReservation > memory) {
    throw clientError(
      `Invalid setting for container '${name}'. The value for memoryReservation must be less than or equal to memory.`,
    )
  }
  for (const { containerPort, hostPort } of container.portMappings ?? []) {
    if (around.networkMode === 'awsvpc' && hostPort !== undefined && hostPort !== containerPort) {
      throw clientError('When networkMode=awsvpc, the host ports and container ports in port mappings must match.')
    }
  }
  if (container.restartPolicy?.enabled)
    throw clientError(`The lab does not restart containers: leave restartPolicy of '${name}' out.`)
  if ((container.environmentFiles ?? []).length > 0)
    throw clientError(`The lab has no S3: leave environmentFiles of '${name}' out.`)
  checkSecretNames(container)
  checkStopTimeout(container, around)
  checkHealthCheck(container)
  checkLogs(container, around)
  checkExecutionRole(container, around)
}

/** A name is a variable or a secret. The words are AWS's own. (Pass Secrets Manager secrets through Amazon ECS environment variables) */
function checkSecretNames({ environment = [], secrets = [] }: ContainerDefinitionInput): void {
  const names = [...environment, ...secrets].map(({ name }) => name)
  const twice = secrets.find(({ name }) => names.filter((other) => other === name).length > 1)
  if (twice === undefined) return
  throw clientError(
    `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${twice.name}'.`,
  )
}

/** "For tasks that use the Fargate launch type, the max stop timeout value is 120 seconds." (ContainerDefinition) */
function checkStopTimeout({ name, stopTimeout }: ContainerDefinitionInput, { fargate }: Surroundings): void {
  if (stopTimeout !== undefined && (stopTimeout < 0 || (fargate && stopTimeout > 120))) {
    throw clientError(`Invalid setting for container '${name}'. stopTimeout must be between 0 and 120.`)
  }
}

function checkHealthCheck({ name, healthCheck }: ContainerDefinitionInput): void {
  if (healthCheck === undefined) return
  const [kind] = healthCheck.command
  if (kind !== 'CMD' && kind !== 'CMD-SHELL' && kind !== 'NONE') {
    throw clientError(`Invalid health check of container '${name}'. The command must start with CMD or CMD-SHELL.`)
  }
  const bounds = { interval: [5, 300], timeout: [2, 60], retries: [1, 10], startPeriod: [0, 300] } as const
  for (const member of ['interval', 'timeout', 'retries', 'startPeriod'] as const) {
    const value = healthCheck[member]
    const [least, most] = bounds[member]
    if (value !== undefined && (value < least || value > most)) {
      throw clientError(`Invalid health check of container '${name}'. ${member} must be between ${least} and ${most}.`)
    }
  }
}

function checkLogs({ logConfiguration }: ContainerDefinitionInput, { fargate }: Surroundings): void {
  if (logConfiguration === undefined) return
  const { logDriver, options = {} } = logConfiguration
  if (fargate && !['awslogs', 'splunk', 'awsfirelens'].includes(logDriver)) {
    throw clientError(`Log driver ${logDriver} is not supported on Fargate.`)
  }
  if (logDriver !== 'awslogs') return
  const unavailable = ['awslogs-multiline-pattern', 'awslogs-datetime-format'].filter((option) => options[option])
  if (unavailable.length > 0) {
    throw clientError(`The lab's log events are lines; leave the awslogs option ${unavailable.join(', ')} out.`)
  }
  const missing = ['awslogs-group', 'awslogs-region'].filter((option) => !options[option])
  if (missing.length > 0) throw clientError(`Log driver awslogs requires options: ${missing.join(', ')}`)
}

function checkExecutionRole(container: ContainerDefinitionInput, { fargate, executionRoleArn }: Surroundings): void {
  if (executionRoleArn) return
  if ((container.secrets ?? []).length > 0) {
    throw clientError(
      "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    )
  }
  if (!fargate) return
  const requires = 'Fargate requires task definition to have execution role ARN to support'
  if (container.logConfiguration?.logDriver === 'awslogs') throw clientError(`${requires} log driver awslogs.`)
  if (/\.dkr\.ecr\.[\w-]+\.amazonaws\.com/.test(container.image ?? '')) throw clientError(`${requires} ECR images.`)
}

/** "This condition can't be set on an essential container." "This requires that the dependent container has health
 * checks configured." (ContainerDependency) */
function checkDependencies(containers: readonly ContainerDefinitionInput[]): void {
  const byName = new Map(containers.map((container) => [container.name, container]))
  for (const { name, dependsOn = [] } of containers) {
    for (const { containerName, condition } of dependsOn) {
      const other = byName.get(containerName)
      if (other === undefined)
        throw clientError(`Container '${name}' depends on '${containerName}', which is not in the task definition.`)
      const essential = other.essential !== false
      if (essential && (condition === 'COMPLETE' || condition === 'SUCCESS')) {
        throw clientError(
          `A dependency on essential container '${containerName}' cannot have the condition ${condition}.`,
        )
      }
      if (condition === 'HEALTHY' && other.healthCheck === undefined) {
        throw clientError(`Container '${name}' waits for '${containerName}' to be healthy, which has no health check.`)
      }
    }
  }
  const ordered = new Set<string>()
  while (ordered.size < containers.length) {
    const ready = containers.filter(
      ({ name, dependsOn = [] }) =>
        !ordered.has(name!) && dependsOn.every(({ containerName }) => ordered.has(containerName)),
    )
    if (ready.length === 0) throw clientError('The container dependencies of the task definition form a cycle.')
    for (const { name } of ready) ordered.add(name!)
  }
}

/** With the defaults that DescribeTaskDefinition shows. */
export function withDefaults(container: ContainerDefinitionInput, networkMode: string): ContainerDefinition {
  const ports = container.portMappings ?? []
  return {
    cpu: 0,
    environment: [],
    mountPoints: [],
    volumesFrom: [],
    systemControls: [],
    ...container,
    portMappings: ports.map((port) => ({
      ...port,
      ...(networkMode === 'awsvpc' && port.hostPort === undefined ? { hostPort: port.containerPort } : {}),
      protocol: port.protocol ?? 'tcp',
    })),
    essential: container.essential ?? true,
  } as ContainerDefinition
}
