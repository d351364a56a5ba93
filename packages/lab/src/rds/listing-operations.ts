import { AwsError, type Operation, XmlList } from '../service.ts'
import type { Account } from './account.ts'
import { clusterAnswer, instanceAnswer } from './answers.ts'
import { applyFilters, PAGE, pageOf } from './pages.ts'
import { authorizeCluster, authorizeInstance } from './permissions.ts'
import { filters, readRequest, text } from './request.ts'
import { arnOf, nameIn } from './resources.ts'

/** Listing instances and clusters. */
export function listingOperations(account: Account): Readonly<Record<string, Operation>> {
  return {
    DescribeDBInstances(input, call) {
      const request = readRequest('DescribeDBInstances', input, {
        identifier: ['DBInstanceIdentifier', text],
        filters: ['Filters', filters],
        ...PAGE,
      })
      const name = request.identifier === undefined ? undefined : nameIn(request.identifier)
      authorizeInstance(call, 'rds:DescribeDBInstances', account, name ?? '*')
      const named = account.instances(call.region).filter(({ identifier }) => name === undefined || identifier === name)
      if (name !== undefined && named.length === 0) throw instanceNotFound(request.identifier!)
      const matching = applyFilters(named, request.filters, {
        'db-cluster-id': ({ cluster }) =>
          cluster === undefined ? [] : [cluster, arnOf(account.context, call.region, 'cluster', cluster)],
        'db-instance-id': (instance) => [instance.identifier, account.arn(instance)],
        'dbi-resource-id': ({ resourceId }) => [resourceId],
        engine: ({ engine }) => [engine],
      })
      const page = pageOf(matching, request)
      const items = page.items.map((instance) => instanceAnswer(account, instance))
      return { Marker: page.marker, DBInstances: new XmlList('DBInstance', items) }
    },
    DescribeDBClusters(input, call) {
      const request = readRequest('DescribeDBClusters', input, {
        identifier: ['DBClusterIdentifier', text],
        filters: ['Filters', filters],
        ...PAGE,
      })
      const name = request.identifier === undefined ? undefined : nameIn(request.identifier)
      authorizeCluster(call, 'rds:DescribeDBClusters', account, name ?? '*')
      const named = account.clusters(call.region).filter(({ identifier }) => name === undefined || identifier === name)
      if (name !== undefined && named.length === 0) throw clusterNotFound(request.identifier!)
      const matching = applyFilters(named, request.filters, {
        'db-cluster-id': (cluster) => [cluster.identifier, account.arn(cluster)],
        'db-cluster-resource-id': ({ resourceId }) => [resourceId],
        engine: ({ engine }) => [engine],
      })
      const page = pageOf(matching, request)
      const items = page.items.map((cluster) => clusterAnswer(account, cluster))
      return { Marker: page.marker, DBClusters: new XmlList('DBCluster', items) }
    },
  }
}

export function instanceNotFound(identifier: string): AwsError {
  return new AwsError('DBInstanceNotFound', `DBInstance ${identifier} not found.`, 404)
}

export function clusterNotFound(identifier: string): AwsError {
  return new AwsError('DBClusterNotFoundFault', `DBCluster ${identifier} not found.`, 404)
}
