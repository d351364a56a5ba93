import * as v from 'valibot'
import type { Input } from '../service.ts'
import { type ContainerDefinition, containerDefinition } from './container-definition.ts'
import { checkContainers, withDefaults } from './container-definition-rules.ts'
import { clientError, readInput, refuseMembers, text, texts } from './input.ts'
import type { Tag } from './tags.ts'
import { tagsMember } from './tags.ts'
import { checkFargateSize, parseCpu, parseMemory } from './task-size.ts'

/** One revision of a family. Its content never changes; its status can. */
export interface TaskDefinition {
  readonly arn: string
  readonly family: string
  readonly revision: number
  readonly content: TaskDefinitionContent
  readonly registeredAt: Date
  readonly registeredBy: string
  status: 'ACTIVE' | 'INACTIVE'
  deregisteredAt?: Date
  tags: readonly Tag[]
}

/** What was registered, with AWS's defaults, beside members that this lab only keeps. */
export interface TaskDefinitionContent {
  readonly [member: string]: unknown
  readonly networkMode: string
  readonly containerDefinitions: readonly ContainerDefinition[]
  readonly compatibilities: readonly string[]
  readonly requiresCompatibilities?: readonly string[]
  readonly taskRoleArn?: string
  readonly executionRoleArn?: string
  readonly cpu?: string
  readonly memory?: string
}

const registerInput = v.looseObject({
  family: v.string(),
  containerDefinitions: v.array(containerDefinition),
  taskRoleArn: text,
  executionRoleArn: text,
  networkMode: v.optional(v.picklist(['bridge', 'host', 'awsvpc', 'none'])),
  requiresCompatibilities: texts,
  cpu: text,
  memory: text,
  tags: tagsMember,
})

/** Members that only AWS sets: a client that sends them back does not change them. */
const serverMembers = new Set([
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'registeredBy',
  'deregisteredAt',
  'deleteRequestedAt',
])

export interface Registration {
  readonly family: string
  readonly tags: readonly Tag[]
  readonly content: TaskDefinitionContent
}

/**
 * Validates what RegisterTaskDefinition is given. (Amazon ECS task definition parameters)
 * @throws AwsError ClientException
 */
export function readRegistration(input: Input): Registration {
  const { family, tags = [], ...given } = readInput(registerInput, input, clientError)
  if (!/^[\w-]{1,255}$/.test(family)) throw clientError('Family contains invalid characters.')
  const bytes = Buffer.byteLength(JSON.stringify(input))
  if (bytes > 65_536) throw clientError(`Actual length: '${bytes}'. Max allowed length is '65536' bytes.`)
  refuseMembers(input, ['proxyConfiguration', 'inferenceAccelerators'])
  const fargate = given.requiresCompatibilities?.includes('FARGATE') ?? false
  const networkMode = given.networkMode ?? 'bridge'
  const size = readSize(given, fargate, networkMode)
  const { executionRoleArn } = given
  checkContainers(given.containerDefinitions, {
    fargate,
    networkMode,
    hasTaskMemory: size.memory !== undefined,
    executionRoleArn,
  })
  const kept = Object.entries(given).filter(([member]) => !serverMembers.has(member))
  const runsOnFargate = networkMode === 'awsvpc' && size.cpu !== undefined && size.memory !== undefined
  const content = {
    volumes: [],
    placementConstraints: [],
    ...Object.fromEntries(kept),
    ...size,
    networkMode,
    containerDefinitions: given.containerDefinitions.map((container) => withDefaults(container, networkMode)),
    compatibilities: runsOnFargate ? ['EC2', 'FARGATE'] : ['EXTERNAL', 'EC2'],
  }
  return { family, tags, content: content as TaskDefinitionContent }
}

type Size = Pick<v.InferOutput<typeof registerInput>, 'cpu' | 'memory'>

function readSize({ cpu, memory }: Size, fargate: boolean, networkMode: string): { cpu?: string; memory?: string } {
  if (fargate && networkMode !== 'awsvpc') throw clientError("Fargate only supports network mode 'awsvpc'.")
  if (fargate && cpu === undefined) throw clientError("Fargate requires that 'cpu' be defined at the task level.")
  if (fargate && memory === undefined) throw clientError("Fargate requires that 'memory' be defined at the task level.")
  const size = {
    ...(cpu === undefined ? {} : { cpu: String(parseCpu(cpu)) }),
    ...(memory === undefined ? {} : { memory: String(parseMemory(memory)) }),
  }
  if (fargate) checkFargateSize(Number(size.cpu), Number(size.memory))
  return size
}

/** As DescribeTaskDefinition shows it, tags apart. */
export function describeTaskDefinition(definition: TaskDefinition): Record<string, unknown> {
  return {
    taskDefinitionArn: definition.arn,
    family: definition.family,
    revision: definition.revision,
    status: definition.status,
    ...definition.content,
    registeredAt: definition.registeredAt,
    registeredBy: definition.registeredBy,
    ...(definition.deregisteredAt === undefined ? {} : { deregisteredAt: definition.deregisteredAt }),
  }
}
