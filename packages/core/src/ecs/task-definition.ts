import { ActionError } from '../errors.ts'
import type { JsonObject } from './wire-json.ts'

/** What RegisterTaskDefinition is given: JSON as on the wire, with members that the SDK does not know and with tags. */
export interface TaskDefinitionInput extends JsonObject {
  readonly family: string
  readonly containerDefinitions: readonly ContainerInput[]
  readonly tags?: readonly Tag[]
}

export interface ContainerInput extends JsonObject {
  readonly name: string
  readonly image: string
  readonly essential?: boolean
  readonly environment?: readonly EnvironmentVariable[]
}

export interface EnvironmentVariable {
  readonly name: string
  readonly value: string
}

export interface Tag {
  readonly key: string
  readonly value: string
}

/** A registered revision. */
export interface TaskDefinition {
  readonly arn: string
  readonly family: string
  readonly revision: number
  /** INACTIVE ones go on running where they run, but UpdateService and RunTask refuse them. */
  readonly status: string
  /** What would register the same again. */
  readonly input: TaskDefinitionInput
}

/** Members that DescribeTaskDefinition answers and RegisterTaskDefinition must not be given (ECS API, TaskDefinition). */
const READ_ONLY = new Set([
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

/** A DescribeTaskDefinition or RegisterTaskDefinition answer, tags included. */
export function readTaskDefinition(answer: JsonObject): TaskDefinition {
  const described = answer.taskDefinition as JsonObject
  return {
    arn: String(described.taskDefinitionArn),
    family: String(described.family),
    revision: Number(described.revision),
    status: String(described.status ?? 'ACTIVE'),
    input: toRegisterInput(described, answer.tags as readonly Tag[] | undefined),
  }
}

/** Drops what is read-only and carries the tags over, but for AWS's own, which nobody else may set. */
export function toRegisterInput(described: JsonObject, tags: readonly Tag[] = []): TaskDefinitionInput {
  const kept = Object.entries(described).filter(([member]) => !READ_ONLY.has(member) && member !== 'tags')
  const ownTags = tags.filter((tag) => !tag.key.toLowerCase().startsWith('aws:'))
  const input: JsonObject = { ...Object.fromEntries(kept), ...(ownTags.length > 0 && { tags: ownTags }) }
  return input as TaskDefinitionInput
}

/**
 * The container that an image, an environment or a command is for: the named one, else the only essential one.
 *
 * @throws {ActionError} bad-input that names the containers there are
 */
export function chooseContainer(definition: TaskDefinitionInput, name: string | undefined): ContainerInput {
  const containers = definition.containerDefinitions
  const listed = containers.map((container) => container.name).join(', ')
  if (name !== undefined) {
    const named = containers.find((container) => container.name === name)
    if (named !== undefined) return named
    throw new ActionError(
      'bad-input',
      `The task definition ${definition.family} has no container ${name}; it has ${listed}.`,
      { advice: 'Name one of these containers. Nothing was changed.' },
    )
  }
  const essential = containers.filter((container) => container.essential !== false)
  const [only] = essential
  if (only !== undefined && essential.length === 1) return only
  throw new ActionError(
    'bad-input',
    `The task definition ${definition.family} has ${essential.length} essential containers (${essential.map((container) => container.name).join(', ')}), so it has to be said which one is meant.`,
    { advice: 'Name the container in this step. Nothing was changed.' },
  )
}

/** The definition with another image in one container. */
export function replaceImage(definition: TaskDefinitionInput, container: string, image: string): TaskDefinitionInput {
  return changeContainer(definition, container, (before) => ({ ...before, image }))
}

/** The definition with variables set in one container; those that it has keep their place. */
export function mergeEnvironment(
  definition: TaskDefinitionInput,
  container: string,
  variables: readonly (readonly [string, string])[],
): TaskDefinitionInput {
  if (variables.length === 0) return definition
  return changeContainer(definition, container, (before) => {
    const merged = new Map(before.environment?.map((variable) => [variable.name, variable.value]))
    for (const [name, value] of variables) merged.set(name, value)
    const secrets = (before.secrets ?? []) as readonly { name: string }[]
    const clash = secrets.find((secret) => variables.some(([name]) => name === secret.name))
    if (clash !== undefined) {
      throw new ActionError(
        'bad-input',
        `environment: ${clash.name} is a secret of the container ${container} already, and ECS refuses a name in both.`,
        { advice: 'Remove it from environment, or from the secrets of the task definition. Nothing was changed.' },
      )
    }
    return { ...before, environment: [...merged].map(([name, value]) => ({ name, value })) }
  })
}

function changeContainer(
  definition: TaskDefinitionInput,
  name: string,
  change: (container: ContainerInput) => ContainerInput,
): TaskDefinitionInput {
  return {
    ...definition,
    containerDefinitions: definition.containerDefinitions.map((container) =>
      container.name === name ? change(container) : container,
    ),
  }
}
