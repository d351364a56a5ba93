import type { ActionContext } from '@deploy-kit/core/action'
import type { Snapshot } from './snapshot.ts'

/** Sets what is known of the snapshot; of one that was recorded `before`, only what is new: a wait may look hundreds of times. */
export function recordSnapshot(
  snapshot: Snapshot,
  type: 'instance' | 'cluster',
  context: ActionContext,
  before?: Snapshot,
): void {
  const known = before && outputsOf(before, type)
  for (const [name, value] of Object.entries(outputsOf(snapshot, type))) {
    if (value !== known?.[name]) context.setOutput(name, value)
  }
}

function outputsOf(snapshot: Snapshot, type: 'instance' | 'cluster'): Readonly<Record<string, string>> {
  return {
    'snapshot-identifier': snapshot.identifier,
    'snapshot-arn': snapshot.arn,
    'snapshot-type': type,
    engine: snapshot.engine,
    status: snapshot.status,
    'created-at': snapshot.createdAt?.toISOString() ?? '',
    'size-gib': String(snapshot.sizeGib),
    encrypted: String(snapshot.encrypted),
  }
}
