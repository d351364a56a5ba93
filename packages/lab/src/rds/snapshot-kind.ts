import { AwsError } from '../service.ts'
import type { ResourceType } from './resources.ts'

/** How the API speaks of the snapshots of instances, and how of those of clusters. */
export interface SnapshotKind {
  readonly of: 'instance' | 'cluster'
  readonly noun: 'DBSnapshot' | 'DBClusterSnapshot'
  readonly sourceNoun: 'DBInstance' | 'DBCluster'
  readonly arnType: ResourceType & ('snapshot' | 'cluster-snapshot')
  /** Prefix of the condition keys for a snapshot's tags. */
  readonly tagKey: 'rds:snapshot-tag' | 'rds:cluster-snapshot-tag'
  readonly longestIdentifier: number
  readonly statesToDelete: readonly string[]
  readonly notFound: (identifier: string) => AwsError
  readonly alreadyExists: (identifier: string) => AwsError
  readonly invalidState: (message: string) => AwsError
}

function alreadyExists(code: string): SnapshotKind['alreadyExists'] {
  return (identifier) =>
    new AwsError(
      code,
      `Cannot create the snapshot because a snapshot with the identifier ${identifier} already exists.`,
    )
}

export const snapshotKinds: Readonly<Record<'instance' | 'cluster', SnapshotKind>> = {
  instance: {
    of: 'instance',
    noun: 'DBSnapshot',
    sourceNoun: 'DBInstance',
    arnType: 'snapshot',
    tagKey: 'rds:snapshot-tag',
    longestIdentifier: 255,
    statesToDelete: ['available', 'failed'],
    notFound: (identifier) => new AwsError('DBSnapshotNotFound', `DBSnapshot ${identifier} not found.`, 404),
    alreadyExists: alreadyExists('DBSnapshotAlreadyExists'),
    invalidState: (message) => new AwsError('InvalidDBSnapshotState', message),
  },
  cluster: {
    of: 'cluster',
    noun: 'DBClusterSnapshot',
    sourceNoun: 'DBCluster',
    arnType: 'cluster-snapshot',
    tagKey: 'rds:cluster-snapshot-tag',
    longestIdentifier: 63,
    // A copy is cancelled by deleting it while it is being made: API reference of CopyDBClusterSnapshot.
    statesToDelete: ['available', 'failed', 'copying'],
    notFound: (identifier) =>
      new AwsError('DBClusterSnapshotNotFoundFault', `DBClusterSnapshot ${identifier} not found.`, 404),
    alreadyExists: alreadyExists('DBClusterSnapshotAlreadyExistsFault'),
    invalidState: (message) => new AwsError('InvalidDBClusterSnapshotStateFault', message),
  },
}
