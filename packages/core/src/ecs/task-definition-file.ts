import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { ActionError, messageOf } from '../errors.ts'
import { type Tag, type TaskDefinitionInput, toRegisterInput } from './task-definition.ts'
import type { JsonObject } from './wire-json.ts'

const tags = v.optional(v.array(v.strictObject({ key: v.string(), value: v.optional(v.string(), '') })), [])

/** Only what the actions themselves rely on; ECS knows the rest better, members of tomorrow included. */
const definitionSchema = v.looseObject({
  family: v.pipe(v.string(), v.regex(/^[\w-]{1,255}$/, 'a family is up to 255 letters, digits, _ and -')),
  containerDefinitions: v.pipe(
    v.array(
      v.looseObject({
        name: v.pipe(v.string(), v.nonEmpty('a container needs a name')),
        image: v.pipe(v.string(), v.nonEmpty('a container needs an image')),
        essential: v.optional(v.boolean()),
        environment: v.optional(v.array(v.looseObject({ name: v.string(), value: v.string() }))),
      }),
    ),
    v.minLength(1, 'a task definition needs at least one container'),
    v.check(
      (containers) => new Set(containers.map((container) => container.name)).size === containers.length,
      'two containers have the same name',
    ),
    v.check(
      (containers) => containers.some((container) => container.essential !== false),
      'at least one container must be essential',
    ),
  ),
  tags,
})

/** A file's path and not a family, `family:revision` or ARN: those never hold a slash outside an ARN or end in `.json`. */
export function isTaskDefinitionFile(given: string): boolean {
  return !given.startsWith('arn:') && (/\.json$/i.test(given) || given.includes('/'))
}

/**
 * Reads a task definition from a JSON file: RegisterTaskDefinition's input, or what DescribeTaskDefinition answers
 * (read-only members and the wrapping are taken off).
 *
 * @param workspace where a relative path starts
 * @throws {ActionError} bad-input with every problem of the file
 */
export async function readTaskDefinitionFile(path: string, workspace = '.'): Promise<TaskDefinitionInput> {
  let content: string
  try {
    content = await readFile(resolve(workspace, path), 'utf8')
  } catch (error) {
    throw fileError(path, `cannot be read: ${messageOf(error)}`)
  }
  return parseTaskDefinition(content, path)
}

/** The same for a file's content; `path` is for messages. */
export function parseTaskDefinition(content: string, path: string): TaskDefinitionInput {
  let data: unknown
  try {
    data = JSON.parse(content)
  } catch (error) {
    throw fileError(path, `is not JSON: ${messageOf(error)}`)
  }
  const { definition, outerTags } = unwrap(data)
  if ('ContainerDefinitions' in definition || 'Family' in definition) {
    throw fileError(
      path,
      "has CloudFormation's member names (ContainerDefinitions); ECS's API has containerDefinitions",
    )
  }
  const result = v.safeParse(definitionSchema, definition)
  if (!result.success) {
    const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`)
    throw fileError(path, `is not a task definition:\n${problems.map((problem) => `- ${problem}`).join('\n')}`)
  }
  const outer = v.safeParse(tags, outerTags)
  if (!outer.success) throw fileError(path, 'has tags that are not a list of {key, value}')
  const ownTags: readonly Tag[] = result.output.tags.length > 0 ? result.output.tags : outer.output
  return toRegisterInput(definition, ownTags)
}

/** `aws ecs describe-task-definition` prints {taskDefinition, tags}. */
function unwrap(data: unknown): { definition: JsonObject; outerTags: unknown } {
  if (typeof data !== 'object' || data === null) return { definition: {}, outerTags: undefined }
  const outer = data as JsonObject
  if (typeof outer.taskDefinition !== 'object' || outer.taskDefinition === null) {
    return { definition: outer, outerTags: undefined }
  }
  return { definition: outer.taskDefinition as JsonObject, outerTags: outer.tags }
}

function fileError(path: string, problem: string): ActionError {
  return new ActionError('bad-input', `task-definition: ${path} ${problem}`, {
    advice: 'Nothing was sent or changed. Correct the file.',
  })
}
