import { shortName } from '@deploy-kit/core/ecs/names'
import { blocks, code, codeBlock, details, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import type { ServiceReport } from './deploy-result.ts'
import type { Diagnosis } from './diagnosis.ts'

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
  const found = blocks(
    deadTasks(report),
    report.next === '' ? '' : `**Next:** ${escapeMarkdown(report.next)}`,
    fold('Service events since the change, newest first', report.events),
    fold('Targets that the load balancer does not find healthy', unhealthyTargets),
    log === undefined ? '' : fold(`Last log lines of ${escapeMarkdown(log.of)}`, log.lines),
  )
  return found === '' ? '' : blocks(`#### ${escapeMarkdown(report.service)}`, found)
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
