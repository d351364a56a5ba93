import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { waitUntil } from '@deploy-kit/core/wait'
import type { Snapshot, SnapshotSource } from './snapshot-source.ts'

/** How a wait for a snapshot ended, with the snapshot as last seen. */
export interface SnapshotWait {
  readonly kind: 'available' | 'failed' | 'gone' | 'timed-out' | 'cancelled'
  readonly snapshot: Snapshot
}

/** Waits until the snapshot can be restored from (or copied): its status is `available`. */
export async function waitForSnapshot(
  source: SnapshotSource,
  first: Snapshot,
  limits: { intervalMs: number; deadline: Deadline },
  context: ActionContext,
): Promise<SnapshotWait> {
  let last = first
  let gone = false
  const result = await waitUntil({
    look: async (_, attempt) => {
      const found = attempt === 1 ? first : await source.findSnapshot(first.identifier)
      if (!found) {
        gone = true
        return { verdict: 'stop', state: `snapshot ${first.identifier} is gone`, value: undefined }
      }
      last = found
      const verdict = found.status === 'available' ? 'pass' : isHopeless(found.status) ? 'stop' : 'pending'
      return { verdict, state: progressLine(found, limits.deadline), value: undefined }
    },
    timeoutMs: limits.deadline.totalMs,
    deadline: limits.deadline,
    everyMs: limits.intervalMs,
    jitter: 0.1,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  const kind =
    result.kind === 'passed' ? 'available' : result.kind === 'stopped' ? (gone ? 'gone' : 'failed') : result.kind
  return { kind, snapshot: last }
}

/** A snapshot in one of these never becomes available. */
export function isHopeless(status: string): boolean {
  return /^(failed|deleted|deleting|incompatible-.*)$/.test(status)
}

function progressLine(snapshot: Snapshot, deadline: Deadline): string {
  const name = `snapshot ${snapshot.identifier}`
  if (snapshot.status === 'available') return `${name} is available`
  const estimate = remainingEstimate(snapshot.percentProgress, deadline.elapsedMs())
  return `${name} is ${snapshot.status}, ${snapshot.percentProgress} % of ${snapshot.sizeGib} GiB${estimate}`
}

/** A straight line through the progress so far; the first tenth says too little to go by. */
function remainingEstimate(percent: number, elapsedMs: number): string {
  if (percent < 10 || percent >= 100) return ''
  return `, about ${formatDuration((elapsedMs / percent) * (100 - percent))} to go`
}
