import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { requestCopy } from './copy.ts'
import type { Inputs } from './inputs.ts'
import { recordSnapshot } from './outputs.ts'
import type { RecoveryPoint } from './recovery-point.ts'
import { renderReport, type SnapshotReport } from './report.ts'
import type { Snapshot, SnapshotSource } from './snapshot-source.ts'
import { type SnapshotWait, waitForSnapshot } from './snapshot-wait.ts'

export interface Finish {
  readonly inputs: Inputs
  readonly source: SnapshotSource
  readonly point: RecoveryPoint
  readonly deadline: Deadline
  readonly copyTarget: { readonly region: string; readonly source: SnapshotSource } | undefined
  readonly prune: () => Promise<readonly string[]>
}

/** From the accepted request to the verdict: wait, copy, prune. */
export async function finishSnapshot(finish: Finish, context: ActionContext): Promise<Verdict> {
  const { inputs, source, deadline, copyTarget } = finish
  const limits = { intervalMs: inputs.interval, deadline }
  let report: SnapshotReport = { type: source.type, ...finish.point, pruned: [], copy: undefined, elapsedMs: 0 }
  const end = (conclusion: Verdict['conclusion'], headline: string): Verdict => ({
    conclusion,
    headline,
    summary: renderReport({ ...report, elapsedMs: deadline.elapsedMs() }),
  })
  const name = report.snapshot.identifier
  if (!inputs.wait && !copyTarget)
    return end('success', `Snapshot ${name} is requested, not waited for (${report.snapshot.status}).`)

  // A copy needs its original available, so a copy implies waiting for the original.
  const waited = await waitForSnapshot(source, report.snapshot, limits, context)
  recordSnapshot(waited.snapshot, source.type, context)
  report = { ...report, snapshot: waited.snapshot }
  if (waited.kind !== 'available') return end(...failure(`Snapshot ${name}`, waited, deadline))

  if (copyTarget) {
    const options = { region: copyTarget.region, kmsKeyId: inputs.kmsKeyId, ...limits }
    let copy: Snapshot = await requestCopy(copyTarget.source, waited.snapshot, options, context)
    context.setOutput('copied-snapshot-arn', copy.arn)
    report = { ...report, copy: { region: copyTarget.region, snapshot: copy } }
    if (inputs.wait) {
      const copied = await waitForSnapshot(copyTarget.source, copy, limits, context)
      copy = copied.snapshot
      report = { ...report, copy: { region: copyTarget.region, snapshot: copy } }
      if (copied.kind !== 'available') {
        const [conclusion, headline] = failure(`The copy of ${name} in ${copyTarget.region}`, copied, deadline)
        return end(conclusion, `${headline} The original is available.`)
      }
    }
  }
  report = { ...report, pruned: await finish.prune() }
  return end(
    'success',
    `Snapshot ${name} is available after ${formatDuration(deadline.elapsedMs())}${report.created ? '' : ' (adopted)'}.`,
  )
}

function failure(what: string, waited: SnapshotWait, deadline: Deadline): ['failed' | 'cancelled', string] {
  const { status, percentProgress } = waited.snapshot
  switch (waited.kind) {
    case 'cancelled':
      return [
        'cancelled',
        `Cancelled. ${what} goes on in AWS (${status}, ${percentProgress} %); running the job again adopts it.`,
      ]
    case 'timed-out':
      return [
        'failed',
        `${what} is still ${status} (${percentProgress} %) after ${formatDuration(deadline.elapsedMs())}. It goes on in AWS; running the job again adopts it. Raise timeout if it needs longer.`,
      ]
    case 'gone':
      return ['failed', `${what} was deleted by somebody while it was waited for.`]
    default:
      return [
        'failed',
        `${what} ended as ${status}; nothing can be restored from it. See aws rds describe-events for the reason.`,
      ]
  }
}
