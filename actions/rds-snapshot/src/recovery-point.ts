import type { ActionContext } from '@deploy-kit/core/action'
import { Deadline } from '@deploy-kit/core/deadline'
import { ActionError } from '@deploy-kit/core/errors'
import { pauseWithin } from '@deploy-kit/core/wait'
import { waitForDatabase } from './database-wait.ts'
import type { Inputs } from './inputs.ts'
import type { Pruning } from './pruning.ts'
import { quotaError } from './quota.ts'
import { isOurs } from './rds-tags.ts'
import type { Database, Snapshot } from './snapshot.ts'
import type { SnapshotSource } from './snapshot-source.ts'
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
  readonly inputs: Pick<Inputs, 'waitForAvailable' | 'interval'>
  readonly deadline: Deadline
  /** Makes room under the quota. */
  readonly pruning: Pick<Pruning, 'isOn' | 'pruned' | 'apply'>
  /** Called before each request: from then on AWS may have begun, whatever becomes of the answer. */
  readonly onRequest: () => void
  /** Called when a request ends without AWS's word that nothing was begun. */
  readonly onLostAnswer: () => void
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
  throw new ActionError(
    'wrong-state',
    `Snapshot ${order.identifier} exists already and ${why}. It was left as it is.`,
    {
      advice: 'Choose another snapshot-identifier, or delete that snapshot if nobody needs it.',
    },
  )
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
  const { source, identifier, inputs, deadline, pruning } = order
  const wait = new Deadline(inputs.waitForAvailable, context.clock)
  const intervalMs = pauseWithin(inputs.interval, inputs.waitForAvailable)
  const limits = { intervalMs, wait, step: deadline }
  let database = order.database
  let mayBeOurs = false
  let madeRoom = false
  while (true) {
    database = await waitForDatabase(source, database, limits, context)
    refuseReplaced(order.database, database)
    order.onRequest()
    const request = { identifier, databaseIdentifier: database.identifier, tags: order.tags }
    const answer = await source.createSnapshot(request, order.onLostAnswer)
    if (!('refused' in answer)) return { snapshot: answer, created: true }
    mayBeOurs ||= answer.afterLostAnswer
    if (answer.refused === 'quota') {
      if (madeRoom || !pruning.isOn || (await pruning.apply()) === 0) throw await quotaError(source, pruning, context)
      madeRoom = true
      continue
    }
    // A database is busy because of the very snapshot whose answer was lost; and which of the two AWS notices first,
    // the name or the state, is documented nowhere.
    const found = await findRecoveryPoint({ ...order, database })
    if (found) return { snapshot: found, created: mayBeOurs && isOfRun(found, order.tags) }
    if (answer.refused === 'busy') {
      if (wait.passed()) throw stillBusy(source.type, database)
      context.log.info(`AWS does not take a snapshot of ${database.identifier} in its present state; waiting again.`)
      await context.clock.sleep(Math.min(intervalMs, wait.remainingMs(), deadline.remainingMs()), context.signal)
    }
    database = await source.describeDatabase(database.identifier)
  }
}

function isOfRun(snapshot: Snapshot, tags: ReadonlyMap<string, string>): boolean {
  return snapshot.tags.get('deploy-kit:run') === tags.get('deploy-kit:run')
}

/** Its data is not what the step was started for, and its retention rule would be judged by the wrong snapshots. */
function refuseReplaced(wanted: Database, now: Database): void {
  if (now.resourceId === wanted.resourceId) return
  throw new ActionError(
    'wrong-state',
    `${now.identifier} was deleted and made again while it was waited for (resource id ${wanted.resourceId}, now ${now.resourceId}). No snapshot was taken.`,
    { advice: 'Run the job again if the new database is the one that is meant.' },
  )
}

function stillBusy(type: string, { identifier, status }: Database): ActionError {
  return new ActionError(
    'wrong-state',
    `AWS takes no snapshot of ${type} ${identifier}: it says that the ${type} is not available, and shows it as ${status}. No snapshot was taken.`,
    { advice: 'See what it is doing (aws rds describe-events), or raise wait-for-available.' },
  )
}
