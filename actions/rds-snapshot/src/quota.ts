import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import type { Pruning } from './pruning.ts'
import { isOurs } from './rds-tags.ts'
import type { Snapshot } from './snapshot.ts'
import type { SnapshotSource } from './snapshot-source.ts'

/** Databases that are named; the rest are counted. */
const NAMED = 10

/** The error for a quota that stays used up: says what fills it and what was deleted. */
export async function quotaError(
  source: SnapshotSource,
  pruning: Pick<Pruning, 'isOn' | 'pruned'>,
  context: ActionContext,
): Promise<ActionError> {
  return new ActionError(
    'quota',
    `The quota of manual ${source.type} snapshots in this account and region is used up${await contents(source, context)}. ${deleted(pruning)}`,
    {
      advice:
        'Delete snapshots that nobody needs, set retention-count, or ask AWS for a higher quota (Service Quotas, Amazon RDS).',
    },
  )
}

function deleted({ isOn, pruned }: Pick<Pruning, 'isOn' | 'pruned'>): string {
  if (pruned.length > 0) return `Deleted by the retention rule: ${pruned.join(', ')}; AWS still refuses a new one.`
  return isOn ? 'The retention rule left nothing to delete.' : 'Nothing was deleted.'
}

/** Who may take snapshots may not always list those of everybody; the quota is the news all the same. */
async function contents(source: SnapshotSource, context: ActionContext): Promise<string> {
  try {
    return describe(await source.listManualSnapshots())
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof ActionError)) throw error
    context.log.info(error.message)
    return ''
  }
}

function describe(all: readonly Snapshot[]): string {
  const counts = new Map<string, number>()
  for (const { databaseIdentifier, tags } of all) {
    const label = `${databaseIdentifier} (made by ${isOurs(tags) ? 'deploy-kit' : 'others'})`
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  const most = [...counts].sort(([, a], [, b]) => b - a)
  const lines = most.slice(0, NAMED).map(([label, count]) => `${count} of ${label}`)
  const rest = most.slice(NAMED).reduce((sum, [, count]) => sum + count, 0)
  return `: ${all.length} exist, ${[...lines, ...(rest > 0 ? [`${rest} of other databases`] : [])].join(', ')}`
}
