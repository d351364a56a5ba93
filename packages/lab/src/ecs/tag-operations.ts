import * as v from 'valibot'
import { AwsError, type Call, type Input, type Output } from '../service.ts'
import type { Clusters } from './clusters.ts'
import { invalidParameter, readInput } from './input.ts'
import type { Services } from './services.ts'
import { checkTags, mergeTags, requestTagKeys, resourceTagKeys, type Tag, tagsMember } from './tags.ts'
import type { TaskDefinitions } from './task-definitions.ts'
import type { Tasks } from './tasks.ts'

export interface TagState {
  readonly clusters: Clusters
  readonly definitions: TaskDefinitions
  readonly services: Services
  readonly tasks: Tasks
}

interface Tagged {
  tags: readonly Tag[]
}

const listInput = v.looseObject({ resourceArn: v.string() })
const tagInput = v.looseObject({ resourceArn: v.string(), tags: v.nonOptional(tagsMember) })
const untagInput = v.looseObject({ resourceArn: v.string(), tagKeys: v.array(v.string()) })

export function listTagsForResource(input: Input, call: Call, state: TagState): Output {
  const { resourceArn } = readInput(listInput, input)
  const tagged = find(resourceArn, state)
  call.authorize('ecs:ListTagsForResource', resourceArn, resourceTagKeys(tagged?.tags ?? []))
  return { tags: required(tagged, resourceArn, invalidParameter).tags }
}

export function tagResource(input: Input, call: Call, state: TagState): Output {
  const { resourceArn, tags } = readInput(tagInput, input)
  const tagged = find(resourceArn, state)
  call.authorize('ecs:TagResource', resourceArn, { ...resourceTagKeys(tagged?.tags ?? []), ...requestTagKeys(tags) })
  const resource = required(tagged, resourceArn, notFound)
  resource.tags = checkTags(mergeTags(resource.tags, checkTags(tags)))
  return {}
}

export function untagResource(input: Input, call: Call, state: TagState): Output {
  const { resourceArn, tagKeys } = readInput(untagInput, input)
  const tagged = find(resourceArn, state)
  call.authorize('ecs:UntagResource', resourceArn, { ...resourceTagKeys(tagged?.tags ?? []), 'aws:TagKeys': tagKeys })
  const resource = required(tagged, resourceArn, notFound)
  resource.tags = resource.tags.filter(({ key }) => !tagKeys.includes(key))
  return {}
}

/** "tasks, services, task definitions, clusters, and container instances" (TagResource) */
function find(arn: string, { clusters, definitions, services, tasks }: TagState): Tagged | undefined {
  const type = /^arn:aws[\w-]*:ecs:[\w-]+:\d{12}:([\w-]+)\//.exec(arn)?.[1]
  switch (type) {
    case 'cluster':
      return clusters.withArn(arn)
    case 'service':
      return services.withArn(arn)
    case 'task':
      return tasks.withArn(arn)
    case 'task-definition':
      return definitions.find(arn)
    default:
      throw invalidParameter(`Invalid resource ARN: ${arn}`)
  }
}

function required(tagged: Tagged | undefined, arn: string, refusal: (message: string) => AwsError): Tagged {
  if (tagged === undefined) throw refusal(`The specified resource was not found: ${arn}`)
  return tagged
}

function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message)
}
