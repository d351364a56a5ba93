import { blocks, code, details, table } from '@deploy-kit/core/markdown'
import { formatSize } from '@deploy-kit/core/size'
import { byWeight, deltaOf, type NamedChange } from './comparison.ts'
import { groupDigits } from './digits.ts'
import { TOTAL } from './judgement.ts'
import type { MeasuredLine } from './measurement.ts'
import type { GateReport } from './report.ts'
import { describeChange, type Extent, plural, shorten } from './report-text.ts'

interface Row {
  readonly name: string
  /** Missing: the line was removed. */
  readonly line?: MeasuredLine
  readonly change: NamedChange
  readonly failed: boolean
}

/** The lines: failed ones first, then the largest changes; what has not changed is folded. */
export function renderLines(report: GateReport, extent: Extent): string {
  const rows = toRows(report)
  const { comparison } = report
  const isStill = (row: Row): boolean =>
    comparison !== undefined && !row.failed && row.line !== undefined && deltaOf(row.change) === 0
  const moved = rows
    .filter((row) => !isStill(row))
    .sort((a, b) => Number(b.failed) - Number(a.failed) || (comparison ? byWeight(a.change, b.change) : 0))
  const shown = moved.slice(0, extent.lines).map((row) => renderRow(row, comparison !== undefined))
  const hidden = moved.length - shown.length
  const header = comparison ? ['', 'Size', 'Change', 'Budget'] : ['', 'Size', 'Budget']
  return blocks(
    table(header, [...shown, renderTotal(report)]),
    hidden > 0 ? `${plural(hidden, 'more line')} changed less than these.` : '',
    foldUnchanged(rows.filter(isStill), extent),
  )
}

function toRows({ measurement, comparison, judgement }: GateReport): Row[] {
  const changes = new Map((comparison?.lines ?? []).map((change) => [change.name, change]))
  const current = new Map(measurement.lines.map((line) => [line.name, line]))
  const failed = new Set(judgement.violations.map((violation) => violation.name))
  return [...new Set([...current.keys(), ...changes.keys()])].map((name) => {
    const line = current.get(name)
    const change = changes.get(name) ?? { name, ...(line && { afterBytes: line.bytes }) }
    return { name, ...(line && { line }), change, failed: failed.has(name) }
  })
}

function renderRow({ name, line, change, failed }: Row, compared: boolean): string[] {
  const nothing = line?.missing !== undefined && line.bytes === 0
  return [
    `${failed ? '❌ ' : ''}${code(shorten(name))}`,
    nothing ? 'nothing found' : line ? formatSize(line.bytes) : '',
    ...(compared ? [nothing ? '' : describeChange(change)] : []),
    line?.budget ? renderBudget(line) : '',
  ]
}

function renderTotal({ measurement, comparison, judgement, totalBudgetBytes }: GateReport): string[] {
  const failed = judgement.violations.some((violation) => violation.name === TOTAL)
  return [
    `${failed ? '❌ ' : ''}**Total**`,
    `**${formatSize(measurement.totalBytes)}**`,
    ...(comparison ? [describeChange(comparison.total)] : []),
    totalBudgetBytes === undefined ? '' : formatSize(totalBudgetBytes),
  ]
}

function renderBudget(line: MeasuredLine): string {
  const budgetBytes = line.budget?.bytes ?? 0
  const share = budgetBytes > 0 ? ` (${Math.floor((line.bytes / budgetBytes) * 100)} %)` : ''
  return `${formatSize(budgetBytes)}${share}`
}

function foldUnchanged(rows: readonly Row[], extent: Extent): string {
  if (rows.length === 0) return ''
  const shown = rows.slice(0, extent.lines).map((row) => renderRow(row, false))
  const rest = rows.length - shown.length
  return details(
    `${plural(rows.length, 'line')} unchanged`,
    blocks(table(['', 'Size', 'Budget'], shown), rest > 0 ? `… and ${groupDigits(rest)} more.` : ''),
  )
}
