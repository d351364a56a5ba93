import type { WorldDatabase } from '../world.ts'
import type { Account } from './account.ts'
import { arnOf, type DbCluster, type DbInstance, sourceOf } from './resources.ts'
import { snapshotKinds } from './snapshot-kind.ts'
import { tagsOf } from './tags.ts'

const DAY_MS = 86_400_000

/** Adds the snapshots that a database has when the lab starts. They share one backup, of the database as it is now. */
export async function addWorldSnapshots(
  account: Account,
  database: DbInstance | DbCluster,
  snapshots: WorldDatabase['snapshots'],
): Promise<void> {
  if (snapshots.length === 0) return
  const kind = snapshotKinds[database.kind]
  const { region } = account.context
  const data = await account.storage.snapshot(database.server)
  for (const { identifier, type, status, ageDays, tags, sharedWith, resourceId } of snapshots) {
    const createdAt = new Date(Date.now() - ageDays * DAY_MS)
    const source = sourceOf(database)
    if (status === 'available') data.users += 1
    account.addSnapshot({
      kind: kind.of,
      ...{ identifier, region, type, status, sharedWith, createdAt },
      arn: arnOf(account.context, region, kind.arnType, identifier),
      source: { ...source, resourceId: resourceId ?? source.resourceId },
      percentProgress: status === 'available' ? 100 : 0,
      requestedAt: createdAt,
      originalCreatedAt: createdAt,
      kmsKeyId: database.kmsKeyId,
      tags: tagsOf(tags),
      copyOf: undefined,
      data: status === 'available' ? data : undefined,
    })
  }
  await account.storage.release(data)
}
