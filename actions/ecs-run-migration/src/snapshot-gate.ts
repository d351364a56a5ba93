import type { RDSClient } from '@aws-sdk/client-rds'
import type { ActionContext } from '@deploy-kit/core/action'
import type { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { ActionError } from '@deploy-kit/core/errors'

/**
 * The snapshot must be `available` before anything runs. A bare identifier may be an instance's or a cluster's.
 *
 * @throws {ActionError} wrong-state for any other status, not-found when there is none
 */
export async function requireSnapshot(name: string, ecs: Ecs, context: ActionContext): Promise<void> {
  const { RDSClient } = await import('@aws-sdk/client-rds')
  const client = new RDSClient(ecs.config)
  const { caller } = ecs
  const isCluster = name.includes(':cluster-snapshot:')
  const isInstance = name.startsWith('arn:') && !isCluster
  const status =
    (isCluster ? undefined : await instanceSnapshotStatus(client, caller, name)) ??
    (isInstance ? undefined : await clusterSnapshotStatus(client, caller, name))
  if (status === 'available') {
    context.log.info(`Snapshot ${name} is available.`)
    return
  }
  if (status === undefined) {
    throw new ActionError(
      'not-found',
      `require-snapshot: there is no snapshot ${name} in this account and region. Nothing was run.`,
      {
        advice: 'Take it with rds-snapshot in an earlier step and hand on its output snapshot-identifier.',
      },
    )
  }
  throw new ActionError(
    'wrong-state',
    `require-snapshot: snapshot ${name} is ${status}, not available, so there would be nothing to go back to. Nothing was run.`,
    {
      advice: 'Let rds-snapshot wait for it (wait: true), or take another one.',
    },
  )
}

async function instanceSnapshotStatus(client: RDSClient, caller: AwsCaller, name: string): Promise<string | undefined> {
  const { DescribeDBSnapshotsCommand } = await import('@aws-sdk/client-rds')
  const answer = await caller.call({
    operation: 'rds:DescribeDBSnapshots',
    subject: `snapshot ${name}`,
    send: (abortSignal) => client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: name }), { abortSignal }),
    recover: (_, code) => (code === 'DBSnapshotNotFound' ? { DBSnapshots: [], $metadata: {} } : undefined),
  })
  return answer.DBSnapshots?.[0]?.Status
}

async function clusterSnapshotStatus(client: RDSClient, caller: AwsCaller, name: string): Promise<string | undefined> {
  const { DescribeDBClusterSnapshotsCommand } = await import('@aws-sdk/client-rds')
  const answer = await caller.call({
    operation: 'rds:DescribeDBClusterSnapshots',
    subject: `snapshot ${name}`,
    send: (abortSignal) =>
      client.send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: name }), { abortSignal }),
    recover: (_, code) =>
      code === 'DBClusterSnapshotNotFound' ? { DBClusterSnapshots: [], $metadata: {} } : undefined,
  })
  return answer.DBClusterSnapshots?.[0]?.Status
}
