import { isOurs } from './rds-tags.ts'
import type { Snapshot } from './snapshot-source.ts'

export interface RetentionRule {
  /** Snapshots to keep, the new one included. */
  readonly count: number | undefined
  /** Age in days up to which a snapshot is kept. */
  readonly days: number | undefined
}

const DAY_MS = 86_400_000

/**
 * The snapshots that the rule gives up: manual, available, ours, of the same data, never the new one. One that either
 * part of the rule keeps is kept, because a deleted snapshot cannot be brought back.
 */
export function choosePrunable(
  all: readonly Snapshot[],
  rule: RetentionRule,
  about: { resourceId: string; newIdentifier: string; now: Date },
): readonly Snapshot[] {
  if (rule.count === undefined && rule.days === undefined) return []
  const older = all
    .filter(
      (snapshot) =>
        snapshot.type === 'manual' &&
        snapshot.status === 'available' &&
        snapshot.resourceId === about.resourceId &&
        snapshot.identifier !== about.newIdentifier &&
        snapshot.createdAt !== undefined &&
        isOurs(snapshot.tags),
    )
    .sort((a, b) => timeOf(b) - timeOf(a) || a.identifier.localeCompare(b.identifier))
  return older.filter((snapshot, index) => {
    // The new snapshot is the first of those that count; index 0 is the second.
    const keptByCount = rule.count !== undefined && index + 2 <= rule.count
    const keptByAge = rule.days !== undefined && about.now.getTime() - timeOf(snapshot) <= rule.days * DAY_MS
    return !keptByCount && !keptByAge
  })
}

function timeOf(snapshot: Snapshot): number {
  return snapshot.createdAt?.getTime() ?? 0
}
