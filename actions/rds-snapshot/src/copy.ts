import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { waitUntil } from '@deploy-kit/core/wait'
import { isOurs } from './rds-tags.ts'
import type { Snapshot } from './snapshot.ts'
import type { Refusal, SnapshotSource } from './snapshot-source.ts'
import { isHopeless } from './snapshot-wait.ts'

/** The region that copies go to. */
export interface CopyTarget {
  readonly region: string
  readonly source: SnapshotSource
  readonly kmsKeyId: string | undefined
}

/**
 * Requests the copy, waiting for a slot: AWS copies only so many snapshots to a region at once.
 *
 * @throws {ActionError} wrong-state when the name is taken there by something else, or no slot came free in time
 */
export async function requestCopy(
  target: CopyTarget,
  snapshot: Snapshot,
  limits: { intervalMs: number; deadline: Deadline },
  context: ActionContext,
): Promise<Snapshot> {
  const { region, kmsKeyId } = target
  const there = await findCopy(target, snapshot.identifier, snapshot.arn)
  if (there) return there
  const result = await waitUntil<Snapshot | Refusal>({
    look: async () => {
      const answer = await target.source.copySnapshot({ source: snapshot, kmsKeyId })
      if (!('refused' in answer && answer.refused === 'busy'))
        return { verdict: 'pass', state: `copy to ${region} requested`, value: answer }
      const state = `waiting for a free slot: AWS already copies as many snapshots to ${region} as it allows`
      return { verdict: 'pending', state, value: answer }
    },
    timeoutMs: limits.deadline.totalMs,
    deadline: limits.deadline,
    everyMs: limits.intervalMs,
    jitter: 0.1,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  if (result.kind === 'cancelled') throw new CancelledError()
  const answer = result.last?.value
  if (answer !== undefined && !('refused' in answer)) return answer
  const found = answer?.refused === 'exists' ? await findCopy(target, snapshot.identifier, snapshot.arn) : undefined
  if (found) return found
  throw new ActionError('wrong-state', `AWS did not accept the copy to ${region} in time.`, {
    advice:
      'Run the job again when fewer copies are on their way to that region (aws rds describe-db-snapshots there), or raise timeout.',
  })
}

/**
 * The copy of this name in the target region if it is there and ours; undefined if there is none.
 *
 * @param originalArn undefined when there is no original yet
 * @throws {ActionError} wrong-state when the name is taken by something else
 */
export async function findCopy(
  target: CopyTarget,
  identifier: string,
  originalArn: string | undefined,
): Promise<Snapshot | undefined> {
  const there = await target.source.findSnapshot(identifier)
  if (!there) return undefined
  const why = !isOurs(there.tags)
    ? 'does not carry the tag of deploy-kit'
    : there.sourceArn !== originalArn
      ? `is not a copy of this one (${there.sourceArn ?? 'no copy at all'})`
      : isHopeless(there.status)
        ? `is ${there.status}`
        : undefined
  if (why === undefined) return there
  throw new ActionError('wrong-state', `A snapshot ${identifier} exists in ${target.region} already and ${why}.`, {
    advice: 'Delete that snapshot if nobody needs it, or choose another snapshot-identifier.',
  })
}
