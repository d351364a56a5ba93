import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { ActionError } from '@deploy-kit/core/errors'
import { waitForDatabase } from './database-wait.ts'
import type { Inputs } from './inputs.ts'
import { isOurs } from './rds-tags.ts'
import type { Database, Snapshot, SnapshotSource } from './snapshot-source.ts'
import { isHopeless } from './snapshot-wait.ts'

/** The snapshot of this run, and whether this step made it. */
export interface RecoveryPoint {
  readonly snapshot: Snapshot
  readonly created: boolean
}

/** What taking a snapshot needs to know. */
export interface SnapshotOrder {
  readonly source: SnapshotSource
  readonly database: Database
  readonly identifier: string
  readonly tags: ReadonlyMap<string, string>
  readonly inputs: Inputs
  readonly deadline: Deadline
  /** Deletes what the retention rule gives up, to make room under the quota; returns how many went. */
  readonly makeRoom: () => Promise<number>
}

/**
 * The snapshot with this identifier if it is there and ours; undefined if there is none.
 *
 * @throws {ActionError} wrong-state when the name is taken by something that must not be adopted
 */
export async function findRecoveryPoint(
  order: Pick<SnapshotOrder, 'source' | 'database' | 'identifier'>,
): Promise<Snapshot | undefined> {
  const snapshot = await order.source.findSnapshot(order.identifier)
  if (!snapshot) return undefined
  const why = reasonNotToAdopt(snapshot, order.database)
  if (why === undefined) return snapshot
  throw new ActionError('wrong-state', `Snapshot ${order.identifier} exists already and ${why}. Nothing was changed.`, {
    advice: 'Choose another snapshot-identifier, or delete that snapshot if nobody needs it.',
  })
}

function reasonNotToAdopt(snapshot: Snapshot, database: Database): string | undefined {
  if (!isOurs(snapshot.tags)) return 'does not carry the tag of deploy-kit, so it is somebody else’s'
  if (snapshot.resourceId !== database.resourceId) {
    return `is of another database (resource id ${snapshot.resourceId}; ${database.identifier} now has ${database.resourceId})`
  }
  return isHopeless(snapshot.status) ? `is ${snapshot.status}, so nothing can be restored from it` : undefined
}

/**
 * Requests the snapshot once, whatever happens to the answers: the identifier is the idempotency key. A request whose
 * answer was lost finds its own snapshot when it is sent again.
 */
export async function takeRecoveryPoint(order: SnapshotOrder, context: ActionContext): Promise<RecoveryPoint> {
  const { source, identifier, inputs, deadline } = order
  const limits = { waitForAvailableMs: inputs.waitForAvailable, intervalMs: inputs.interval, deadline }
  let madeRoom = false
  while (true) {
    const database = await waitForDatabase(
      source,
      await source.describeDatabase(order.database.identifier),
      limits,
      context,
    )
    const requested = await source.createSnapshot({
      identifier,
      databaseIdentifier: database.identifier,
      tags: order.tags,
    })
    if (typeof requested === 'object') return { snapshot: requested, created: true }
    if (requested === 'exists') {
      const snapshot = await findRecoveryPoint(order)
      // It was not there before the request, and it carries this run's tags: the answer to our own request was lost.
      if (snapshot) return { snapshot, created: sameRun(snapshot, order.tags) }
    } else if (requested === 'quota') {
      if (madeRoom || !prunes(inputs) || (await order.makeRoom()) === 0) throw await quotaError(order)
      madeRoom = true
    } else {
      context.log.info(`${database.identifier} left the state available before the snapshot began; waiting again.`)
      await context.clock.sleep(Math.min(inputs.interval, deadline.remainingMs()), context.signal)
    }
  }
}

function sameRun(snapshot: Snapshot, tags: ReadonlyMap<string, string>): boolean {
  return snapshot.tags.get('deploy-kit:run') === tags.get('deploy-kit:run')
}

export function prunes(inputs: Pick<Inputs, 'retentionCount' | 'retentionDays'>): boolean {
  return inputs.retentionCount !== undefined || inputs.retentionDays !== undefined
}

/** Says what fills the quota. */
async function quotaError(order: SnapshotOrder): Promise<ActionError> {
  const all = await order.source.listManualSnapshots()
  const counts = new Map<string, number>()
  for (const { databaseIdentifier, tags } of all) {
    const label = `${databaseIdentifier} (${isOurs(tags) ? 'made by deploy-kit' : 'made by others'})`
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  const lines = [...counts].sort(([, a], [, b]) => b - a).map(([label, count]) => `${count} of ${label}`)
  const pruned = prunes(order.inputs) ? 'The retention rule left nothing to delete.' : 'Nothing was deleted.'
  return new ActionError(
    'quota',
    `The quota of manual ${order.source.type} snapshots in this account and region is used up: ${all.length} exist, ${lines.join(', ')}. ${pruned}`,
    {
      advice:
        'Delete snapshots that nobody needs, set retention-count, or ask AWS for a higher quota (Service Quotas, Amazon RDS).',
    },
  )
}
