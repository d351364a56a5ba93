import { primaryDeployment } from '@deploy-kit/core/ecs/baseline'
import { listSome, shortName } from '@deploy-kit/core/ecs/names'
import type { RolloutsEnd } from '@deploy-kit/core/ecs/rollouts'
import { explainStoppedTask, type StopExplanation } from '@deploy-kit/core/ecs/stopped-task'
import { ActionError } from '@deploy-kit/core/errors'
import type { RestoredService } from './restore-services.ts'

export type Outcome = 'armed' | 'not-needed' | 'rolled-back' | 'already-rolled-back' | 'superseded' | 'failed'

/** One service in the output `report`. */
export interface ServiceReport {
  readonly service: string
  readonly outcome: Outcome
  readonly reason: string
  /** What to do next, where that is known. */
  readonly next: string
  readonly from: string
  readonly to: string
  readonly deploymentId: string
  readonly startedAt: string
  readonly endedAt: string
}

export function reportRestored(one: RestoredService): ServiceReport {
  const { baseline, service, result } = one
  const { outcome, reason } = judge(one)
  const from = service === undefined ? undefined : primaryDeployment(service)?.taskDefinition
  return {
    service: baseline.service,
    outcome,
    reason,
    next: adviceOf(one),
    from: from ?? '',
    to: result?.change?.taskDefinition ?? baseline.taskDefinition,
    deploymentId: result?.change?.deploymentId ?? '',
    startedAt: result?.startedAt?.toISOString() ?? '',
    endedAt: result?.endedAt?.toISOString() ?? '',
  }
}

function judge({ decision, result }: RestoredService): { outcome: Outcome; reason: string } {
  if (decision.kind === 'impossible') return { outcome: 'failed', reason: decision.why }
  if (result === undefined) {
    // Without a result nothing was to be done, or it was a dry run.
    return { outcome: decision.kind === 'restore' ? 'not-needed' : decision.kind, reason: decision.why }
  }
  switch (result.state.kind) {
    case 'steady':
      return {
        outcome: decision.kind === 'restore' ? 'rolled-back' : decision.kind,
        reason: `${decision.why}; ${decision.kind === 'restore' ? 'restored' : 'steady'}, ${result.state.state}`,
      }
    case 'replaced':
      return { outcome: 'superseded', reason: `${result.state.state} while it was restored` }
    default: {
      const death = explainDeath(result)
      const why = [result.state.state, ...(death ? [death.what] : [])]
      return { outcome: 'failed', reason: why.join('; ') }
    }
  }
}

function adviceOf({ decision, result }: RestoredService): string {
  if (decision.kind === 'impossible') return decision.next
  if (result?.state.kind === 'error' && result.state.error instanceof ActionError) return result.state.error.advice
  return explainDeath(result)?.next ?? ''
}

/** Why the last task of the restored revision died, if one did. */
function explainDeath(result: RestoredService['result']): StopExplanation | undefined {
  const task = result?.failedTasks.at(-1)
  return task && explainStoppedTask(task)
}

/** What the step says of several services: what needs a person most. */
export function worstOutcome(reports: readonly ServiceReport[]): Outcome {
  const order: readonly Outcome[] = ['failed', 'rolled-back', 'superseded', 'already-rolled-back']
  return order.find((outcome) => reports.some((report) => report.outcome === outcome)) ?? 'not-needed'
}

/** The value of `from` and `to`: the definition itself, or one `service=definition` a line. */
export function listDefinitions(reports: readonly ServiceReport[], end: 'from' | 'to'): string {
  const [only] = reports
  if (reports.length === 1 && only !== undefined) return only[end]
  return reports.map((report) => `${report.service}=${report[end]}`).join('\n')
}

/** @param end what has not failed when the wait ends early is only not restored yet */
export function headlineOf(outcome: Outcome, reports: readonly ServiceReport[], end: RolloutsEnd): string {
  const say = (sentence: (report: ServiceReport) => string): string =>
    listSome(reports.filter((report) => report.outcome === outcome).map(sentence), '; ')
  const failed = end === 'ended' ? 'could not be restored to' : 'is not restored to'
  switch (outcome) {
    case 'failed':
      return say((one) => `${one.service} ${failed} ${shortName(one.to)}: ${one.reason}`)
    case 'rolled-back':
      return say((one) => `${one.service} was rolled back from ${shortName(one.from)} to ${shortName(one.to)}`)
    case 'superseded':
      return say((one) => `${one.service} was left alone: ${one.reason}`)
    case 'already-rolled-back':
      return say((one) => `${one.service} had been rolled back already`)
    default:
      return `Nothing to restore: ${listSome(
        reports.map((one) => `${one.service}: ${one.reason}`),
        '; ',
      )}`
  }
}
