import { AwsError, type Call, type Operation } from '../service.ts'
import type { Account } from './account.ts'
import { clusterNotFound, instanceNotFound } from './listing-operations.ts'
import { clusterKeys, instanceKeys, requestKeys, snapshotKeys } from './permissions.ts'
import { readRequest, requiredText, tags, texts } from './request.ts'
import { type DbCluster, type DbInstance, parseArn, type Snapshot } from './resources.ts'
import { snapshotKinds } from './snapshot-kind.ts'
import { addTags, removeTags, tagList } from './tags.ts'

/** Tags of instances, clusters and snapshots, by ARN. */
export function tagOperations(account: Account): Readonly<Record<string, Operation>> {
  return {
    AddTagsToResource(input, call) {
      const request = readRequest('AddTagsToResource', input, {
        arn: ['ResourceName', requiredText],
        tags: ['Tags', tags],
      })
      const { found, keys } = look(account, call, request.arn)
      call.authorize('rds:AddTagsToResource', request.arn, { ...keys, ...requestKeys(request.tags) })
      const resource = found()
      resource.tags = addTags(resource.tags, request.tags)
      return {}
    },
    RemoveTagsFromResource(input, call) {
      const request = readRequest('RemoveTagsFromResource', input, {
        arn: ['ResourceName', requiredText],
        keys: ['TagKeys', texts],
      })
      if (request.keys === undefined) {
        throw new AwsError('MissingParameter', 'The request must contain the parameter TagKeys.')
      }
      const { found, keys } = look(account, call, request.arn)
      call.authorize('rds:RemoveTagsFromResource', request.arn, { ...keys, 'aws:TagKeys': request.keys })
      const resource = found()
      resource.tags = removeTags(resource.tags, request.keys)
      return {}
    },
    ListTagsForResource(input, call) {
      const request = readRequest('ListTagsForResource', input, { arn: ['ResourceName', requiredText] })
      const { found, keys } = look(account, call, request.arn)
      call.authorize('rds:ListTagsForResource', request.arn, keys)
      return { TagList: tagList(found().tags) }
    },
  }
}

interface Looked {
  /** @throws AwsError DBInstanceNotFound and the like */
  readonly found: () => DbInstance | DbCluster | Snapshot
  readonly keys: Readonly<Record<string, string | readonly string[]>>
}

/** What is not there is said after the caller has been found allowed to ask. */
function look(account: Account, call: Call, arn: string): Looked {
  const parsed = parseArn(arn)
  if (parsed === undefined || parsed.region !== call.region || parsed.accountId !== account.context.accountId) {
    throw new AwsError('InvalidParameterValue', `Invalid resource name: ${arn}`)
  }
  const { type, name } = parsed
  switch (type) {
    case 'db': {
      const instance = account.instance(call.region, name)
      return instance ? { found: () => instance, keys: instanceKeys(instance) } : missing(instanceNotFound(name))
    }
    case 'cluster': {
      const cluster = account.cluster(call.region, name)
      return cluster ? { found: () => cluster, keys: clusterKeys(cluster) } : missing(clusterNotFound(name))
    }
    case 'snapshot':
    case 'cluster-snapshot': {
      const kind = snapshotKinds[type === 'snapshot' ? 'instance' : 'cluster']
      const snapshot = account.snapshot(kind, call.region, name)
      return snapshot ? { found: () => snapshot, keys: snapshotKeys(kind, snapshot) } : missing(kind.notFound(name))
    }
    default:
      throw new AwsError('InvalidParameterValue', `The lab keeps no tags of RDS resources of the type ${type}.`)
  }
}

function missing(error: AwsError): Looked {
  return {
    found: () => {
      throw error
    },
    keys: {},
  }
}
