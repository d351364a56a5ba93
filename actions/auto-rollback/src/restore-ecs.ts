import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import type { EcsBaseline } from '@deploy-kit/core/ecs/baseline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { listSome, shortName } from '@deploy-kit/core/ecs/names'
import type { RolloutsEnd } from '@deploy-kit/core/ecs/rollouts'
import { blocks, code, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import { pauseWithin } from '@deploy-kit/core/wait'
import {
  headlineOf,
  listDefinitions,
  type Outcome,
  reportRestored,
  type ServiceReport,
  worstOutcome,
} from './ecs-verdict.ts'
import type { Inputs } from './inputs.ts'
import { restoreServices } from './restore-services.ts'
import { listMoments, type Moment, renderTimeline } from './timeline.ts'
import { type Verification, verifyHealth } from './verification.ts'

/** Restores ECS services, proves them healthy, and says what became of them. */
export async function restoreEcs(
  baseline: EcsBaseline,
  explicit: boolean,
  tools: { inputs: Inputs; ecs: Ecs; deadline: Deadline; context: ActionContext },
): Promise<Verdict> {
  const { inputs, ecs, deadline, context } = tools
  const { services, end } = await restoreServices({
    baseline,
    explicit,
    dryRun: inputs.dryRun,
    everyMs: pauseWithin(inputs.interval, inputs.timeout),
    ecs,
    deadline,
    context,
  })
  // Restored in reverse, reported in the order in which they were given.
  const reports = services.toReversed().map(reportRestored)
  const restored = worstOutcome(reports)
  setOutputs(restored, reports, baseline, context)
  if (inputs.dryRun) {
    const wouldRestore = services.toReversed().map((one) => one.decision.kind === 'restore')
    return dryRunVerdict(restored, wouldRestore, reports)
  }
  const verifies = restored === 'rolled-back' || restored === 'already-rolled-back'
  const verification = verifies && end === 'ended' ? await verifyHealth(inputs, deadline, context) : undefined
  const outcome = verification?.healthy === false ? 'failed' : restored
  const proof: readonly Moment[] =
    verification === undefined ? [] : [{ at: context.clock.date(), kind: 'verified', what: verification.text }]
  context.setOutput('outcome', outcome)
  const advised = reports.filter(({ next }) => next !== '')
  return {
    conclusion: conclude(outcome, inputs),
    headline: fullHeadline(outcome, reports, verification, end),
    details: listSome(
      advised.map(({ service, next }) => `${service}: ${next}`),
      '\n',
    ),
    summary: blocks(
      tableOf(reports),
      ...advised.map(({ service, next }) => `**Next, ${code(service)}:** ${escapeMarkdown(next)}`),
      renderTimeline([...listMoments(services), ...proof], verifies && outcome !== 'failed'),
      verification === undefined ? '' : escapeMarkdown(`Verification: ${verification.text}.`),
    ),
  }
}

function setOutputs(
  outcome: Outcome,
  reports: readonly ServiceReport[],
  baseline: EcsBaseline,
  context: ActionContext,
): void {
  context.setOutput('baseline', baseline)
  context.setOutput('outcome', outcome)
  context.setOutput(
    'rolled-back',
    reports.some((report) => report.outcome === 'rolled-back'),
  )
  context.setOutput('from', listDefinitions(reports, 'from'))
  context.setOutput('to', listDefinitions(reports, 'to'))
  context.setOutput('report', reports)
}

function conclude(outcome: Outcome, inputs: Inputs): Verdict['conclusion'] {
  if (outcome === 'failed') return 'failed'
  if (outcome === 'rolled-back') return inputs.failAfterRollback ? 'failed' : 'success'
  return outcome === 'superseded' ? 'warning' : 'success'
}

function fullHeadline(
  outcome: Outcome,
  reports: readonly ServiceReport[],
  verification: Verification | undefined,
  end: RolloutsEnd,
): string {
  const restored = headlineOf(worstOutcome(reports), reports, end)
  if (verification !== undefined) return `${restored}${outcome === 'failed' ? ', but' : ', and'} ${verification.text}`
  if (end === 'timed-out') return `${restored}. The timeout has passed; what was requested goes on in ECS`
  if (end === 'cancelled') return `${restored}. The step was cancelled; what was requested goes on in ECS`
  return restored
}

function tableOf(reports: readonly ServiceReport[]): string {
  const rows = reports.map((report) => [
    code(report.service),
    escapeMarkdown(report.outcome),
    code(report.from === '' ? '' : shortName(report.from)),
    code(shortName(report.to)),
    escapeMarkdown(report.reason),
  ])
  return table(['service', 'outcome', 'from', 'to', 'why'], rows)
}

/** What cannot be restored fails a dry run as it would fail the restoring. */
function dryRunVerdict(outcome: Outcome, wouldRestore: readonly boolean[], reports: readonly ServiceReport[]): Verdict {
  const rows = reports.map((report, index) => [
    code(report.service),
    wouldRestore[index]
      ? `restore ${code(shortName(report.to))} in place of ${code(shortName(report.from))}`
      : 'nothing',
    escapeMarkdown(report.reason),
  ])
  const changes = reports
    .filter((_, index) => wouldRestore[index])
    .map(({ service, from, to }) => `${service} from ${shortName(from)} to ${shortName(to)}`)
  const count = `${changes.length} of ${reports.length} would be restored`
  const what = changes.length === 0 ? 'nothing would be restored' : `${count}: ${listSome(changes)}`
  const problem = outcome === 'failed' ? `; ${headlineOf(outcome, reports, 'ended')}` : ''
  return {
    conclusion: outcome === 'failed' ? 'failed' : 'success',
    headline: `Dry run: ${what}${problem}. Nothing was changed`,
    summary: table(['service', 'what would be done', 'why'], rows),
  }
}
