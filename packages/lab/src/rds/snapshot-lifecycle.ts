import type { Account } from './account.ts'
import type { DbCluster, DbInstance, Snapshot } from './resources.ts'

/** In how many steps PercentProgress grows. */
const STEPS = 10
/** Of them, how many pass while the database is backing-up; after that it is available, the snapshot not yet. */
const BACKING_UP_STEPS = 3

/**
 * Takes the data of `snapshot`, which is `creating`, from `database`, which is `available`: the database is backing-up
 * until its data has been taken, then as before; the snapshot follows later, when all of it has been stored.
 */
export function takeSnapshot(account: Account, database: DbInstance | DbCluster, snapshot: Snapshot): void {
  const secondsPerStep = database.snapshotSeconds / STEPS
  const failure = account.failure(snapshot.arn)
  const taken = Promise.withResolvers<boolean>()
  const before = database.status
  account.setStatus(database, 'backing-up')
  account.transitions.start(
    database.resourceId,
    async (pause) => {
      try {
        const [data] = await Promise.all([
          account.storage.snapshot(database.server),
          pause(BACKING_UP_STEPS * secondsPerStep),
        ])
        snapshot.data = data
        snapshot.createdAt = new Date()
        snapshot.originalCreatedAt = snapshot.createdAt
        taken.resolve(true)
      } finally {
        taken.resolve(false)
        if (database.status === 'backing-up') account.setStatus(database, before)
      }
    },
    failure,
  )
  account.transitions.start(
    snapshot.arn,
    async (pause) => {
      for (let step = 1; step < STEPS; step += 1) {
        await pause(secondsPerStep)
        if (step === BACKING_UP_STEPS && !(await taken.promise)) {
          account.setStatus(snapshot, 'failed')
          return
        }
        snapshot.percentProgress = (step * 100) / STEPS
      }
      await pause(secondsPerStep)
      snapshot.percentProgress = 100
      account.setStatus(snapshot, 'available')
    },
    failure,
  )
}

/**
 * Makes `copy`, which is `creating`, a copy of `original`, which is `available`. A copy whose original is deleted in
 * the meantime fails; one that is deleted itself is cancelled.
 */
export function copySnapshot(account: Account, original: Snapshot, copy: Snapshot): void {
  const secondsPerStep = original.source.snapshotSeconds / STEPS
  account.transitions.start(
    copy.arn,
    async (pause) => {
      for (let step = 1; step <= STEPS; step += 1) {
        await pause(secondsPerStep)
        if (copy.status === 'failed' || copy.status === 'deleted') return
        account.setStatus(copy, 'copying')
        copy.percentProgress = Math.min(99, (step * 100) / STEPS)
      }
      // Deleting the original has failed the copy, so its data is still there.
      original.data!.users += 1
      copy.data = original.data
      copy.createdAt = new Date()
      copy.originalCreatedAt = original.originalCreatedAt
      copy.percentProgress = 100
      account.setStatus(copy, 'available')
    },
    account.failure(copy.arn),
  )
}

/** "If the snapshot is being copied, the copy operation is terminated": API reference of DeleteDBSnapshot. */
export function deleteSnapshot(account: Account, snapshot: Snapshot, copies: readonly Snapshot[]): void {
  for (const copy of copies) {
    if (copy.copyOf === snapshot.arn && isBeingMade(copy)) account.setStatus(copy, 'failed', 'its original was deleted')
  }
  account.removeSnapshot(snapshot)
  snapshot.status = 'deleted'
}

export function isBeingMade(snapshot: Snapshot): boolean {
  return snapshot.status === 'creating' || snapshot.status === 'copying'
}
