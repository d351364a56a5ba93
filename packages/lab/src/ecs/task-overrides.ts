import * as v from 'valibot'
import { invalidParameter, keyValues, text, texts, whole } from './input.ts'

const containerOverride = v.looseObject({
  name: text,
  command: texts,
  environment: keyValues,
  cpu: whole,
  memory: whole,
  memoryReservation: whole,
})

export const overridesMember = v.optional(
  v.looseObject({
    containerOverrides: v.optional(v.array(containerOverride)),
    cpu: text,
    memory: text,
    executionRoleArn: text,
    taskRoleArn: text,
  }),
)

export type ContainerOverride = v.InferOutput<typeof containerOverride>
export type TaskOverrides = NonNullable<v.InferOutput<typeof overridesMember>>

/**
 * "A total of 8192 characters are allowed for overrides. This limit includes the JSON formatting characters of the
 * override structure." (RunTask, overrides)
 * @throws AwsError InvalidParameterException
 */
export function checkOverrides(overrides: TaskOverrides, containerNames: readonly string[]): void {
  if (JSON.stringify(overrides).length > 8192) {
    throw invalidParameter('Container Overrides length must be at most 8192')
  }
  const seen = new Set<string>()
  for (const { name } of overrides.containerOverrides ?? []) {
    if (!name) throw invalidParameter('Container name should not be null or empty for container override.')
    if (!containerNames.includes(name)) {
      throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`)
    }
    if (seen.has(name)) throw invalidParameter(`Container ${name} is overridden twice.`)
    seen.add(name)
  }
}
