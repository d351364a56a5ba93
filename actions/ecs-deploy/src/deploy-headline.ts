import { listSome, shortName } from '@deploy-kit/core/ecs/names'
import type { Outcome, ServiceReport } from './deploy-result.ts'

/** One sentence on the whole step. */
export function deployHeadline(outcome: Outcome, reports: readonly ServiceReport[], waited: boolean): string {
  const culprit = reports.find((report) => report.outcome === 'failed' || report.outcome === 'rolled-back')
  const [only] = reports
  const subject = reports.length === 1 && only !== undefined ? only.service : `${reports.length} services`
  const to = reports.length === 1 && only !== undefined ? ` ${shortName(only.taskDefinition)}` : ''
  switch (outcome) {
    case 'deployed':
      return waited
        ? `${subject} ${plural(reports, 'runs', 'run')}${to || ' the new revisions'} and ${plural(reports, 'is', 'are')} steady`
        : `The rollout of ${subject}${to === '' ? '' : ` to${to}`} was requested and not waited for`
    case 'unchanged':
      return `${subject} ${plural(reports, 'runs', 'run')}${to || ' what is wanted'} already; nothing was changed`
    case 'failed':
      return `${culprit?.service}: ${failureReason(culprit)}`
    case 'rolled-back':
      return `${culprit?.service}: ECS gave up the rollout of ${shortName(culprit?.taskDefinition)} and goes back to ${shortName(culprit?.previousTaskDefinition)}: ${failureReason(culprit)}`
    case 'timed-out':
      return (
        interruption(reports, outcome, {
          rolling: (names) => `${names} did not become steady in time; the rollout goes on in ECS`,
          unanswered: (names) => `ECS did not answer the request for ${names} in time`,
        }) || `The timeout had passed before the rollout of ${subject} began; nothing was changed`
      )
    case 'cancelled':
      return (
        interruption(reports, outcome, {
          rolling: (names) => `Cancelled while ${names} rolled; the rollout goes on in ECS`,
          unanswered: (names) => `Cancelled before ECS had answered the request for ${names}`,
        }) ||
        (reports.some((report) => report.deploymentId !== '')
          ? `Cancelled after the rollout of ${subject} was requested; it goes on in ECS`
          : 'Cancelled before anything was changed')
      )
  }
}

/** What rolled and what was only asked for: a request without an answer may have been taken or not. */
function interruption(
  reports: readonly ServiceReport[],
  outcome: Outcome,
  say: { rolling: (names: string) => string; unanswered: (names: string) => string },
): string {
  const interrupted = reports.filter((report) => report.outcome === outcome)
  const namesOf = (list: readonly ServiceReport[]): string => listSome(list.map((report) => report.service))
  const rolling = namesOf(interrupted.filter((report) => report.deploymentId !== ''))
  const unanswered = namesOf(interrupted.filter((report) => report.deploymentId === ''))
  return [rolling && say.rolling(rolling), unanswered && say.unanswered(unanswered)].filter(Boolean).join('. ')
}

function failureReason(report: ServiceReport | undefined): string {
  const last = report?.failedTasks.at(-1)
  const reason = report?.reason ?? ''
  const details = [last?.reason ?? '', report?.next ?? ''].filter((text) => text !== '')
  return details.length === 0 ? reason : [reason.replace(/\.$/, ''), ...details].join('. ')
}

function plural(reports: readonly ServiceReport[], one: string, many: string): string {
  return reports.length === 1 ? one : many
}
