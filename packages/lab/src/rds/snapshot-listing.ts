import { AwsError, type Call, type Input, type Output, XmlList } from '../service.ts'
import type { Account } from './account.ts'
import { snapshotAnswer } from './answers.ts'
import { applyFilters, PAGE, pageOf } from './pages.ts'
import { authorizeSnapshot, authorizeSource } from './permissions.ts'
import { filters, flag, readRequest, text } from './request.ts'
import { nameIn, type Snapshot } from './resources.ts'
import type { SnapshotKind } from './snapshot-kind.ts'

export function describeSnapshots(account: Account, kind: SnapshotKind, input: Input, call: Call): Output {
  const operation = `Describe${kind.noun}s`
  const request = readRequest(operation, input, {
    identifier: [`${kind.noun}Identifier`, text],
    database: [`${kind.sourceNoun}Identifier`, text],
    resourceId: [kind.of === 'instance' ? 'DbiResourceId' : 'DbClusterResourceId', text],
    type: ['SnapshotType', text],
    filters: ['Filters', filters],
    includeShared: ['IncludeShared', flag],
    includePublic: ['IncludePublic', flag],
    ...PAGE,
  })
  authorizeListing(account, kind, call, operation, request)
  if (kind.of === 'cluster' && request.identifier !== undefined && request.database !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      "DBClusterIdentifier can't be used in conjunction with the DBClusterSnapshotIdentifier parameter.",
    )
  }
  const identifier = request.identifier && nameIn(request.identifier)
  const matching = account
    .snapshots(kind, call.region)
    .filter((snapshot) => identifier === undefined || snapshot.identifier === identifier)
    .filter(({ source }) => request.database === undefined || source.identifier === nameIn(request.database))
    .filter(({ source }) => request.resourceId === undefined || source.resourceId === request.resourceId)
    .filter((snapshot) => request.type === undefined || isOfType(snapshot, request.type))
  if (request.identifier !== undefined && matching.length === 0) throw kind.notFound(request.identifier)
  const page = pageOf(applyFilters(matching, request.filters, filtersOf(kind)), request)
  return {
    Marker: page.marker,
    [`${kind.noun}s`]: new XmlList(
      kind.noun,
      page.items.map((snapshot) => snapshotAnswer(account, snapshot)),
    ),
  }
}

function authorizeListing(
  account: Account,
  kind: SnapshotKind,
  call: Call,
  operation: string,
  request: { readonly identifier: string | undefined; readonly database: string | undefined },
): void {
  const action = `rds:${operation}`
  if (request.identifier === undefined && request.database !== undefined) {
    authorizeSource(kind, call, action, account, nameIn(request.database))
  } else {
    authorizeSnapshot(kind, call, action, account, request.identifier === undefined ? '*' : nameIn(request.identifier))
  }
}

function isOfType(snapshot: Snapshot, type: string): boolean {
  switch (type) {
    case 'manual':
    case 'automated':
      return snapshot.type === type
    case 'public':
      return snapshot.sharedWith.includes('all')
    case 'shared':
    case 'awsbackup':
      // From other accounts, or made by AWS Backup: the lab has neither.
      return false
    default:
      throw new AwsError('InvalidParameterValue', `Invalid value ${type} for SnapshotType.`)
  }
}

function filtersOf(kind: SnapshotKind): Readonly<Record<string, (snapshot: Snapshot) => readonly string[]>> {
  const arnPrefix = ({ arn }: Snapshot) => arn.split(':').slice(0, 5).join(':')
  const common = {
    'snapshot-type': ({ type }: Snapshot) => [type],
    engine: ({ source }: Snapshot) => [source.engine],
  }
  return kind.of === 'instance'
    ? {
        ...common,
        'db-instance-id': (snapshot) => [
          snapshot.source.identifier,
          `${arnPrefix(snapshot)}:db:${snapshot.source.identifier}`,
        ],
        'db-snapshot-id': ({ identifier }) => [identifier],
        'dbi-resource-id': ({ source }) => [source.resourceId],
      }
    : {
        ...common,
        'db-cluster-id': (snapshot) => [
          snapshot.source.identifier,
          `${arnPrefix(snapshot)}:cluster:${snapshot.source.identifier}`,
        ],
        'db-cluster-snapshot-id': ({ identifier }) => [identifier],
      }
}
