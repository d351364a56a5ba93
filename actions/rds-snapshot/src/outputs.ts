import type { ActionContext } from '@deploy-kit/core/action'
import type { Snapshot } from './snapshot-source.ts'

/** Sets what is known of the snapshot. */
export function recordSnapshot(snapshot: Snapshot, type: 'instance' | 'cluster', context: ActionContext): void {
  context.setOutput('snapshot-identifier', snapshot.identifier)
  context.setOutput('snapshot-arn', snapshot.arn)
  context.setOutput('snapshot-type', type)
  context.setOutput('engine', snapshot.engine)
  context.setOutput('status', snapshot.status)
  context.setOutput('created-at', snapshot.createdAt?.toISOString() ?? '')
  context.setOutput('size-gib', snapshot.sizeGib)
  context.setOutput('encrypted', snapshot.encrypted)
}
