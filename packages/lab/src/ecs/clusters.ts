import * as v from 'valibot'
import { AwsError, type Call, type Input, type LabContext, type Output } from '../service.ts'
import { ecsArn, nameOf } from './arns.ts'
import { capacityProviderStrategy, invalidParameter, readInput, text, texts, whole } from './input.ts'
import { pageOf, pageOutput } from './pages.ts'
import { checkTags, requestTagKeys, resourceTagKeys, type Tag, tagsMember } from './tags.ts'

export interface Cluster {
  readonly arn: string
  readonly name: string
  tags: readonly Tag[]
  readonly capacityProviders: readonly string[]
  readonly defaultCapacityProviderStrategy: NonNullable<v.InferOutput<typeof capacityProviderStrategy>>
  readonly settings: readonly unknown[]
}

export interface ClusterCounts {
  readonly runningTasksCount: number
  readonly pendingTasksCount: number
  readonly activeServicesCount: number
}

const createInput = v.looseObject({
  clusterName: text,
  tags: tagsMember,
  settings: v.optional(v.array(v.looseObject({ name: text, value: text }))),
  capacityProviders: texts,
  defaultCapacityProviderStrategy: capacityProviderStrategy,
})

const describeInput = v.looseObject({ clusters: texts, include: texts })
const listInput = v.looseObject({ nextToken: text, maxResults: whole })

/** The clusters of the account. */
export class Clusters {
  readonly #context: LabContext
  readonly #byName = new Map<string, Cluster>()

  constructor(context: LabContext) {
    this.#context = context
  }

  /** By name or ARN; `default` when none is given. @throws AwsError ClusterNotFoundException */
  find(reference: string | undefined): Cluster {
    const cluster = this.#byName.get(nameOf(reference ?? 'default'))
    if (cluster === undefined || (reference?.startsWith('arn:') && reference !== cluster.arn)) {
      throw new AwsError('ClusterNotFoundException', 'Cluster not found.')
    }
    return cluster
  }

  withArn(arn: string): Cluster | undefined {
    return [...this.#byName.values()].find((cluster) => cluster.arn === arn)
  }

  /** A cluster that exists already is answered as it is. */
  create(input: Input, call: Pick<Call, 'authorize'>): Cluster {
    const { clusterName: name = 'default', ...rest } = readInput(createInput, input)
    if (!/^[\w-]{1,255}$/.test(name)) {
      throw invalidParameter('Identifiers must have 1 to 255 letters, numbers, hyphens and underscores.')
    }
    const arn = ecsArn(this.#context, 'cluster', name)
    const tags = checkTags(rest.tags)
    call.authorize('ecs:CreateCluster', arn, requestTagKeys(tags))
    const existing = this.#byName.get(name)
    if (existing !== undefined) return existing
    const cluster: Cluster = {
      arn,
      name,
      tags,
      capacityProviders: rest.capacityProviders ?? [],
      defaultCapacityProviderStrategy: rest.defaultCapacityProviderStrategy ?? [],
      settings: rest.settings ?? [],
    }
    this.#byName.set(name, cluster)
    return cluster
  }

  describe(input: Input, call: Call, count: (cluster: Cluster) => ClusterCounts): Output {
    const { clusters: asked = ['default'], include = [] } = readInput(describeInput, input)
    if (asked.length > 100) throw invalidParameter('Clusters cannot have more than 100 elements.')
    const clusters: Output[] = []
    const failures: Output[] = []
    for (const reference of asked) {
      const arn = reference.startsWith('arn:') ? reference : ecsArn(this.#context, 'cluster', reference)
      const cluster = this.withArn(arn)
      call.authorize('ecs:DescribeClusters', arn, { 'ecs:cluster': arn, ...resourceTagKeys(cluster?.tags ?? []) })
      if (cluster === undefined) failures.push({ arn, reason: 'MISSING' })
      else clusters.push(describeCluster(cluster, count(cluster), include))
    }
    return { clusters, failures }
  }

  list(input: Input, call: Call): Output {
    call.authorize('ecs:ListClusters', '*')
    const request = readInput(listInput, input)
    const { page, nextToken } = pageOf([...this.#byName.values()].map(({ arn }) => arn).sort(), request)
    return pageOutput('clusterArns', page, nextToken)
  }
}

/**
 * A resource's ARN names its cluster, which has to be the request's.
 * @throws AwsError InvalidParameterException
 */
export function checkCluster({ name }: Cluster, reference: string): void {
  if (!reference.startsWith('arn:')) return
  const [, clusterName, ...rest] = reference.split(':').at(-1)?.split('/') ?? []
  if (rest.length === 0) throw invalidParameter(`Invalid identifier: ${reference}`)
  if (clusterName !== name) throw invalidParameter(`Identifier is for ${clusterName}. Your cluster is ${name}`)
}

export function describeCluster(cluster: Cluster, counts: ClusterCounts, include: readonly string[] = []): Output {
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: 'ACTIVE',
    registeredContainerInstancesCount: 0,
    ...counts,
    statistics: [],
    tags: include.includes('TAGS') ? cluster.tags : [],
    settings: include.includes('SETTINGS') ? cluster.settings : [],
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
  }
}
