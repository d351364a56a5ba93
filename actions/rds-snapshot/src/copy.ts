import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { ActionError } from '@deploy-kit/core/errors'
import { waitUntil } from '@deploy-kit/core/wait'
import { isOurs } from './rds-tags.ts'
import type { Requested, Snapshot, SnapshotSource } from './snapshot-source.ts'
import { isHopeless } from './snapshot-wait.ts'

/**
 * Requests the copy in `target`'s region, waiting for a slot: AWS copies at most five snapshots between two regions at once.
 *
 * @throws {ActionError} wrong-state when the name is taken there by something else, or no slot came free in time
 */
export async function requestCopy(
  target: SnapshotSource,
  snapshot: Snapshot,
  options: { region: string; kmsKeyId: string | undefined; intervalMs: number; deadline: Deadline },
  context: ActionContext,
): Promise<Snapshot> {
  const there = await findCopy(target, snapshot, options.region)
  if (there) return there
  const result = await waitUntil<Requested>({
    look: async () => {
      const requested = await target.copySnapshot({ source: snapshot, kmsKeyId: options.kmsKeyId })
      if (requested !== 'busy')
        return { verdict: 'pass', state: `copy to ${options.region} requested`, value: requested }
      return {
        verdict: 'pending',
        state: `waiting for a free slot: AWS already copies as many snapshots to ${options.region} as it allows`,
        value: requested,
      }
    },
    timeoutMs: options.deadline.totalMs,
    deadline: options.deadline,
    everyMs: options.intervalMs,
    jitter: 0.1,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  const requested = result.last?.value
  if (typeof requested === 'object') return requested
  const found = requested === 'exists' ? await findCopy(target, snapshot, options.region) : undefined
  if (found) return found
  throw new ActionError(
    'wrong-state',
    `The copy to ${options.region} was never accepted. The snapshot ${snapshot.identifier} itself is available.`,
    {
      advice: 'Run the job again when fewer copies are on their way.',
    },
  )
}

async function findCopy(target: SnapshotSource, snapshot: Snapshot, region: string): Promise<Snapshot | undefined> {
  const there = await target.findSnapshot(snapshot.identifier)
  if (!there) return undefined
  const why = !isOurs(there.tags)
    ? 'does not carry the tag of deploy-kit'
    : there.sourceArn !== snapshot.arn
      ? `is a copy of something else (${there.sourceArn})`
      : isHopeless(there.status)
        ? `is ${there.status}`
        : undefined
  if (why === undefined) return there
  throw new ActionError(
    'wrong-state',
    `A snapshot ${snapshot.identifier} exists in ${region} already and ${why}. The snapshot here is available; it was not copied.`,
    { advice: 'Delete that snapshot if nobody needs it, or choose another snapshot-identifier.' },
  )
}
