import type { LabContext } from '../service.ts'

type Owner = Pick<LabContext, 'region' | 'accountId'>

/** `arn:aws:ecs:<region>:<account>:<type>/<path>` in the long format, which names the cluster. */
export function ecsArn({ region, accountId }: Owner, type: EcsResourceType, ...path: readonly string[]): string {
  return `arn:aws:ecs:${region}:${accountId}:${type}/${path.join('/')}`
}

export type EcsResourceType =
  | 'cluster'
  | 'container'
  | 'container-instance'
  | 'service'
  | 'service-deployment'
  | 'service-revision'
  | 'task'
  | 'task-definition'
  | 'task-set'

/** The last part of an ARN's path, or a name as it is: `my-service` from either. */
export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

export interface DefinitionReference {
  readonly family: string
  readonly revision: number | undefined
}

/** `family`, `family:revision` or a task definition's ARN; undefined for anything else. */
export function parseDefinitionReference(reference: string): DefinitionReference | undefined {
  const match = /^(?:arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition\/)?([\w-]+)(?::(\d+))?$/.exec(reference)
  if (match === null) return undefined
  return { family: match[1]!, revision: match[2] === undefined ? undefined : Number(match[2]) }
}
