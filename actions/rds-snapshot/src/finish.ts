import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { blocks, escapeMarkdown } from '@deploy-kit/core/markdown'
import { type CopyTarget, requestCopy } from './copy.ts'
import type { Inputs } from './inputs.ts'
import { asSentence } from './interruption.ts'
import { recordSnapshot } from './outputs.ts'
import type { Pruning } from './pruning.ts'
import type { RecoveryPoint } from './recovery-point.ts'
import { renderReport } from './report.ts'
import type { Database, Snapshot } from './snapshot.ts'
import type { SnapshotSource } from './snapshot-source.ts'
import { type SnapshotWait, waitForSnapshot } from './snapshot-wait.ts'

export interface Finish {
  readonly inputs: Pick<Inputs, 'wait' | 'interval'>
  readonly source: SnapshotSource
  readonly database: Database
  readonly point: RecoveryPoint
  readonly deadline: Deadline
  readonly copyTarget: CopyTarget | undefined
  readonly pruning: Pick<Pruning, 'pruned' | 'apply'>
}

/** What there is by now; the report and every message speak of it. */
interface Reached {
  snapshot: Snapshot
  copy: Snapshot | undefined
}

type Ending = Pick<Verdict, 'conclusion' | 'headline' | 'details'>

/** From the accepted request to the verdict: wait, copy, prune. Whatever ends it says that the snapshot is there. */
export async function finishSnapshot(finish: Finish, context: ActionContext): Promise<Verdict> {
  const { source, database, point, deadline, pruning } = finish
  const reached: Reached = { snapshot: point.snapshot, copy: undefined }
  const ending = await reachEnd(finish, reached, context).catch((error: unknown): Ending => {
    const kept = whatIsKept(reached.snapshot)
    if (error instanceof CancelledError) return { conclusion: 'cancelled', headline: `Cancelled. ${kept}` }
    if (!(error instanceof ActionError) || error.code === 'internal') throw error
    return { conclusion: 'failed', headline: `${asSentence(error.message)} ${kept}`, details: error.advice }
  })
  const settings = { type: source.type, restoreOptions: database.restoreOptions, writer: database.writer }
  const report = { settings, ...reached, created: point.created, pruned: pruning.pruned }
  const advice = escapeMarkdown(ending.details ?? '')
  return { ...ending, summary: blocks(advice, renderReport({ ...report, elapsedMs: deadline.elapsedMs() })) }
}

async function reachEnd(finish: Finish, reached: Reached, context: ActionContext): Promise<Ending> {
  const { inputs, source, point, deadline, copyTarget } = finish
  const limits = { intervalMs: inputs.interval, deadline }
  const name = reached.snapshot.identifier
  if (!inputs.wait && !copyTarget) {
    const headline = `Snapshot ${name} is requested, not waited for (${reached.snapshot.status}).`
    return { conclusion: 'success', headline }
  }
  // A copy needs its original available, so a copy implies waiting for the original.
  const what = `snapshot ${name}`
  const waited = await waitForSnapshot(source, reached.snapshot, { ...limits, what }, context, (seen) => {
    recordSnapshot(seen, source.type, context, reached.snapshot)
    reached.snapshot = seen
  })
  if (waited.kind !== 'available') return disappointment(`Snapshot ${name}`, waited, finish)
  if (copyTarget) {
    reached.copy = await requestCopy(copyTarget, reached.snapshot, limits, context)
    context.setOutput('copied-snapshot-arn', reached.copy.arn)
    if (inputs.wait) {
      const what = `the copy in ${copyTarget.region}`
      const copied = await waitForSnapshot(copyTarget.source, reached.copy, { ...limits, what }, context, (seen) => {
        reached.copy = seen
      })
      if (copied.kind !== 'available') {
        const ending = disappointment(`The copy of ${name} in ${copyTarget.region}`, copied, finish)
        return { ...ending, headline: `${ending.headline} ${whatIsKept(reached.snapshot)}` }
      }
    }
  }
  await finish.pruning.apply()
  const took = formatDuration(deadline.elapsedMs())
  const copied = reached.copy && copyTarget ? `, its copy in ${copyTarget.region} is ${reached.copy.status}` : ''
  const headline = `Snapshot ${name} is available after ${took}${point.created ? '' : ' (adopted)'}${copied}.`
  return { conclusion: 'success', headline }
}

function whatIsKept({ identifier, status, percentProgress }: Snapshot): string {
  if (status === 'available') return `Snapshot ${identifier} is available and was kept.`
  return `Snapshot ${identifier} goes on in AWS (last seen ${status}, ${percentProgress} %); running the job again with this snapshot-identifier adopts it.`
}

/** How a wait ended that did not end well. */
function disappointment(what: string, waited: SnapshotWait, { source, deadline }: Finish): Ending {
  const { status, percentProgress, identifier } = waited.snapshot
  const goesOn = `running the job again with snapshot-identifier ${identifier} adopts it`
  switch (waited.kind) {
    case 'cancelled': {
      const headline = `Cancelled. ${what} goes on in AWS (last seen ${status}, ${percentProgress} %); ${goesOn}.`
      return { conclusion: 'cancelled', headline }
    }
    case 'timed-out': {
      const after = formatDuration(deadline.elapsedMs())
      const headline = `${what} is not available after ${after}; last seen ${status} (${percentProgress} %).`
      const trouble =
        source.trouble === undefined ? '' : ` At the end AWS did not answer: ${asSentence(source.trouble)}`
      return {
        conclusion: 'failed',
        headline,
        details: `It goes on in AWS, and ${goesOn}.${trouble} Raise timeout if it needs longer.`,
      }
    }
    case 'gone':
      return { conclusion: 'failed', headline: `${what} was deleted by somebody while it was waited for.` }
    default: {
      const headline = `${what} ended as ${status}; nothing can be restored from it.`
      const advice = 'See aws rds describe-events for the reason, delete it, and run the job again.'
      return { conclusion: 'failed', headline, details: advice }
    }
  }
}
