import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { waitUntil } from '@deploy-kit/core/wait'
import { isAurora, type Snapshot } from './snapshot.ts'
import type { SnapshotSource } from './snapshot-source.ts'

/** How a wait for a snapshot ended, with the snapshot as last seen. */
export interface SnapshotWait {
  readonly kind: 'available' | 'failed' | 'gone' | 'timed-out' | 'cancelled'
  readonly snapshot: Snapshot
}

/**
 * Waits until the snapshot can be restored from (or copied): its status is `available`. `onChange` hears what was seen,
 * so that whatever interrupts the wait, the last state is known.
 */
export async function waitForSnapshot(
  source: SnapshotSource,
  first: Snapshot,
  limits: { what: string; intervalMs: number; deadline: Deadline },
  context: Pick<ActionContext, 'signal' | 'clock' | 'log'>,
  onChange: (snapshot: Snapshot) => void,
): Promise<SnapshotWait> {
  const progress = new Progress(limits.what, context)
  let last = first
  let missing = 0
  const result = await waitUntil<'seen' | 'missing'>({
    look: async (_, attempt) => {
      const found = attempt === 1 ? first : await source.findSnapshot(first.identifier)
      if (!found) {
        missing += 1
        // One answer that does not know it yet (or any more) may come from a part of AWS that is behind.
        const state = `AWS does not show ${limits.what}`
        return { verdict: missing > 1 ? 'stop' : 'pending', state, value: 'missing' }
      }
      missing = 0
      last = found
      onChange(found)
      const verdict = found.status === 'available' ? 'pass' : isHopeless(found.status) ? 'stop' : 'pending'
      return { verdict, state: progress.describe(found), value: 'seen' }
    },
    timeoutMs: limits.deadline.totalMs,
    deadline: limits.deadline,
    // Without jitter: `available` is noticed within one interval.
    everyMs: limits.intervalMs,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  if (result.kind === 'passed') return { kind: 'available', snapshot: last }
  if (result.kind !== 'stopped') return { kind: result.kind, snapshot: last }
  return { kind: result.last?.value === 'missing' ? 'gone' : 'failed', snapshot: last }
}

/** A snapshot in one of these never becomes available. */
export function isHopeless(status: string): boolean {
  return /^(failed|deleted|deleting|incompatible-.*)$/.test(status)
}

/** Percent of progress since the first look that an estimate needs; less says too little to go by. */
const BASIS_PERCENT = 5

/** The line for a snapshot. It changes only when the snapshot does, so that the log has one line a change. */
class Progress {
  readonly #what: string
  readonly #context: Pick<ActionContext, 'clock'>
  #first: { percent: number; atMs: number } | undefined
  #last = { percent: -1, estimate: '' }

  constructor(what: string, context: Pick<ActionContext, 'clock'>) {
    this.#what = what
    this.#context = context
  }

  describe(snapshot: Snapshot): string {
    if (snapshot.status === 'available') return `${this.#what} is available`
    const size = isAurora(snapshot.engine) || snapshot.sizeGib === 0 ? '' : ` of ${snapshot.sizeGib} GiB`
    return `${this.#what} is ${snapshot.status}, ${snapshot.percentProgress} %${size}${this.#estimate(snapshot.percentProgress)}`
  }

  /** A straight line through the progress since the first look: an adopted snapshot may be far already. */
  #estimate(percent: number): string {
    const atMs = this.#context.clock.nowMs()
    this.#first ??= { percent, atMs }
    if (percent === this.#last.percent) return this.#last.estimate
    const done = percent - this.#first.percent
    const msPerPercent = (atMs - this.#first.atMs) / done
    const isKnown = done >= BASIS_PERCENT && percent < 100
    const estimate = isKnown ? `, about ${formatDuration(msPerPercent * (100 - percent))} to go` : ''
    this.#last = { percent, estimate }
    return estimate
  }
}
