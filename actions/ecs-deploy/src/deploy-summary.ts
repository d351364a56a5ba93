import { shortName } from '@deploy-kit/core/ecs/names'
import { blocks, code, codeBlock, details, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import type { Outcome, ServiceReport } from './deploy-result.ts'
import type { Diagnosis } from './diagnosis.ts'

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
      return timedOutHeadline(reports, subject)
    case 'cancelled':
      return `Cancelled while ${listOf(reports, 'cancelled') || subject} rolled; the rollout goes on in ECS`
  }
}

function timedOutHeadline(reports: readonly ServiceReport[], subject: string): string {
  const late = listOf(reports, 'timed-out')
  if (late === '') return `The timeout had passed before the rollout of ${subject} began; nothing was changed`
  return `${late} did not become steady in time; the rollout goes on in ECS`
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

function listOf(reports: readonly ServiceReport[], outcome: Outcome): string {
  return reports
    .filter((report) => report.outcome === outcome)
    .map((report) => report.service)
    .join(', ')
}

/** The summary: a table of the services, and the diagnosis of those that failed. */
export function deploySummary(reports: readonly ServiceReport[], diagnoses: ReadonlyMap<string, Diagnosis>): string {
  const rows = reports.map((report) => [
    code(report.service),
    escapeMarkdown(report.outcome),
    code(shortName(report.previousTaskDefinition)),
    code(report.taskDefinition === '' ? '' : shortName(report.taskDefinition)),
    code(report.deploymentId),
    escapeMarkdown(report.reason),
  ])
  const header = ['service', 'outcome', 'from', 'to', 'deployment', 'state']
  return blocks(
    table(header, rows),
    ...reports.filter(needsDiagnosis).map((report) => describeFailure(report, diagnoses.get(report.service))),
  )
}

export function needsDiagnosis(report: ServiceReport): boolean {
  return !['deployed', 'unchanged', 'not-started', 'in-flight'].includes(report.outcome)
}

function describeFailure(report: ServiceReport, diagnosis: Diagnosis | undefined): string {
  const { log, unhealthyTargets = [] } = diagnosis ?? {}
  const fold = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : details(title, codeBlock(lines.join('\n')))
  return blocks(
    `#### ${escapeMarkdown(report.service)}`,
    deadTasks(report),
    report.next === '' ? '' : `**Next:** ${escapeMarkdown(report.next)}`,
    fold('Service events since the change, newest first', report.events),
    fold('Targets that the load balancer does not find healthy', unhealthyTargets),
    log === undefined ? '' : fold(`Last log lines of ${escapeMarkdown(log.of)}`, log.lines),
  )
}

function deadTasks({ failedTasks }: ServiceReport): string {
  if (failedTasks.length === 0) return ''
  const groups = Map.groupBy(failedTasks, (task) => JSON.stringify([task.stopCode, task.exitCode, task.reason]))
  const rows = [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const name = `${code(shortName(first.taskArn))}${others.length > 0 ? ` and ${others.length} more` : ''}`
    return [
      [name, code(first.stopCode), first.exitCode === null ? '' : String(first.exitCode), escapeMarkdown(first.reason)],
    ]
  })
  const advice = [...new Set(failedTasks.map((task) => task.next).filter((next) => next !== ''))]
  return blocks(
    table(['tasks of the new revision', 'stop code', 'exit code', 'why they died'], rows),
    ...advice.map((next) => `**Next:** ${escapeMarkdown(next)}`),
  )
}
