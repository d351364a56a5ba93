import type { ActionContext } from '@deploy-kit/core/action'
import type { Inputs } from './inputs.ts'
import { choosePrunable } from './retention.ts'
import type { Database, Snapshot, SnapshotSource } from './snapshot-source.ts'

type Rule = Pick<Inputs, 'retentionCount' | 'retentionDays'>

/** What the retention rule gives up right now, without those that other accounts may restore. */
export async function listPrunable(
  source: SnapshotSource,
  about: { inputs: Rule; database: Pick<Database, 'identifier' | 'resourceId'>; newIdentifier: string },
  context: ActionContext,
): Promise<readonly Snapshot[]> {
  const rule = { count: about.inputs.retentionCount, days: about.inputs.retentionDays }
  if (rule.count === undefined && rule.days === undefined) return []
  const candidates = choosePrunable(await source.listManualSnapshots(about.database.identifier), rule, {
    resourceId: about.database.resourceId,
    newIdentifier: about.newIdentifier,
    now: context.clock.date(),
  })
  const prunable: Snapshot[] = []
  for (const snapshot of candidates) {
    if (await source.isShared(snapshot.identifier))
      context.log.info(`Kept ${snapshot.identifier}: it is shared with other accounts.`)
    else prunable.push(snapshot)
  }
  return prunable
}

/** Deletes what the rule gives up; returns the identifiers that went, each also in the output at once. */
export async function pruneSnapshots(
  source: SnapshotSource,
  about: Parameters<typeof listPrunable>[1],
  context: ActionContext,
): Promise<readonly string[]> {
  const pruned: string[] = []
  for (const { identifier } of await listPrunable(source, about, context)) {
    if (await source.deleteSnapshot(identifier)) {
      pruned.push(identifier)
      context.setOutput('pruned', pruned)
      context.log.info(`Deleted ${identifier} by the retention rule.`)
    } else {
      context.log.info(`Kept ${identifier}: AWS does not delete it now (it is being copied, or is gone already).`)
    }
  }
  return pruned
}
