import { isOurs } from './rds-tags.ts'
import type { Snapshot } from './snapshot.ts'

export interface RetentionRule {
  /** Snapshots to keep, the new one included. */
  readonly count: number | undefined
  /** Age in days up to which a snapshot is kept. */
  readonly days: number | undefined
}

export interface RetentionFacts {
  /** Of the data; a name can be given to another database. */
  readonly resourceId: string
  readonly newIdentifier: string
  readonly now: Date
  /** ARNs of snapshots that are being copied: deleting one would end its copy. */
  readonly beingCopied?: ReadonlySet<string>
  /** The new one is not there yet, and will be the newest when the rule is applied. */
  readonly newIsPlanned?: boolean
}

const DAY_MS = 86_400_000

/**
 * The snapshots that the rule gives up: manual, available, ours, of the same data, taken by us (a copy was made by
 * somebody who wanted it), not being copied; never the new one and never the newest. One that either part of the rule
 * keeps is kept, because a deleted snapshot cannot be brought back.
 */
export function choosePrunable(
  all: readonly Snapshot[],
  rule: RetentionRule,
  facts: RetentionFacts,
): readonly Snapshot[] {
  if (rule.count === undefined && rule.days === undefined) return []
  const own = all.filter((snapshot) => isOwn(snapshot, facts)).sort(newestFirst)
  const newest = facts.newIsPlanned ? undefined : own[0]
  const others = own.filter(({ identifier }) => identifier !== facts.newIdentifier)
  return others.filter((snapshot, index) => {
    // The new snapshot is the first of those that count; index 0 is the second.
    const keptByCount = rule.count !== undefined && index + 2 <= rule.count
    const keptByAge = rule.days !== undefined && facts.now.getTime() - timeOf(snapshot) <= rule.days * DAY_MS
    return !keptByCount && !keptByAge && snapshot !== newest && !facts.beingCopied?.has(snapshot.arn)
  })
}

function isOwn(snapshot: Snapshot, facts: RetentionFacts): boolean {
  return (
    snapshot.type === 'manual' &&
    snapshot.status === 'available' &&
    snapshot.resourceId === facts.resourceId &&
    snapshot.createdAt !== undefined &&
    snapshot.sourceArn === undefined &&
    isOurs(snapshot.tags)
  )
}

function newestFirst(a: Snapshot, b: Snapshot): number {
  return timeOf(b) - timeOf(a) || a.identifier.localeCompare(b.identifier)
}

function timeOf(snapshot: Snapshot): number {
  return snapshot.createdAt?.getTime() ?? 0
}
