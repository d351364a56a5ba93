import { blocks, code, details, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import { formatSize } from '@deploy-kit/core/size'
import { byWeight, type Change, type Comparison, deltaOf, deltaPercent, type NamedChange } from './comparison.ts'
import { exactSize, type Judgement, TOTAL, type Violation } from './judgement.ts'
import type { MeasuredLine, Measurement } from './measurement.ts'

/** Everything that the summary, the comment and the report file tell. */
export interface GateReport {
  readonly measurement: Measurement
  readonly judgement: Judgement
  readonly comparison?: Comparison
  /** What was compared with, or why nothing was: one sentence. */
  readonly baselineNote: string
  /** Set when the pull request's label let the violations pass. */
  readonly overriddenBy?: string
  readonly totalBudgetBytes?: number
}

/** How much is shown; the rest is counted. */
interface Extent {
  readonly lines: number
  readonly files: number
}

/** A summary may have 1 MiB, a comment 65,536 characters; people read the first screen. */
const EXTENTS: readonly Extent[] = [
  { lines: 100, files: 50 },
  { lines: 40, files: 20 },
  { lines: 10, files: 5 },
  { lines: 3, files: 1 },
]
const LONGEST_COMMENT = 65_536
const LONGEST_NAME = 160
const LONGEST_SENTENCE = 400

/** One sentence that says how it went, for the log's end, the annotation and the headline. */
export function headline(report: GateReport): string {
  const { measurement, comparison, judgement } = report
  const count = judgement.violations.length
  const total = `${formatSize(measurement.totalBytes)} in all${comparison ? `, ${describeChange(comparison.total)}` : ''}`
  const [first] = judgement.violations
  if (report.overriddenBy !== undefined && count > 0)
    return `${plural(count, 'limit')} not held, allowed by the label '${report.overriddenBy}': ${total}`
  if (first && count === 1) return `${first.message} ${total}`
  if (count > 1) return `${count} limits not held: ${total}. ${first?.message}`
  const [warning] = judgement.warnings
  return warning === undefined ? `All limits held: ${total}` : `All limits held: ${total}. ${warning}`
}

/** Markdown below the headline: what failed first, then changes, largest first; the rest is folded. */
export function renderReport(report: GateReport, extent: Extent = { lines: 100, files: 50 }): string {
  const { judgement, comparison } = report
  return blocks(
    renderViolations(judgement.violations, report.overriddenBy, extent),
    renderWarnings(judgement.warnings, extent),
    renderLines(report, extent),
    comparison ? renderFiles(comparison, extent) : '',
    escapeMarkdown(report.baselineNote),
  )
}

/**
 * The comment on a pull request. It begins with words, since mail shows neither tables nor folds, and is at most as
 * long as GitHub allows.
 */
export function renderComment(report: GateReport, frame: { marker: string; title: string; runUrl: string }): string {
  const failed = report.judgement.violations.length > 0
  const sign = failed ? (report.overriddenBy === undefined ? '❌' : '⚠️') : '✅'
  const head = `${frame.marker}\n### ${sign} Bundle size (${escapeMarkdown(frame.title)})`
  const sentence = escapeMarkdown(`${headline(report)}.`.replace(/\.\.$/, '.'))
  const foot = frame.runUrl === '' ? '' : `[Run that measured this](${frame.runUrl})`
  const render = (extent: Extent): string => blocks(head, sentence, renderReport(report, extent), foot)
  const fitting = EXTENTS.map(render).find((text) => text.length <= LONGEST_COMMENT)
  return fitting ?? blocks(head, sentence, foot).slice(0, LONGEST_COMMENT)
}

function renderWarnings(warnings: readonly string[], extent: Extent): string {
  const shown = warnings
    .slice(0, extent.lines)
    .map((warning) => `- ⚠️ ${escapeMarkdown(shorten(warning, LONGEST_SENTENCE))}`)
  const rest = warnings.length - shown.length
  return [...shown, ...(rest > 0 ? [`- … and ${rest} more`] : [])].join('\n')
}

/** The middle of a long name says least. */
function shorten(text: string, longest = LONGEST_NAME): string {
  if (text.length <= longest) return text
  return `${text.slice(0, longest / 2)}…${text.slice(-longest / 2)}`
}

function renderViolations(violations: readonly Violation[], overriddenBy: string | undefined, extent: Extent): string {
  if (violations.length === 0) return ''
  const sign = overriddenBy === undefined ? '❌' : '⚠️'
  const shown = violations.slice(0, extent.lines)
  const rest = violations.length - shown.length
  const lines = shown.map(
    (violation) =>
      `- ${sign} ${escapeMarkdown(shorten(violation.message, LONGEST_SENTENCE))} (${code(violation.rule)})`,
  )
  return [...lines, ...(rest > 0 ? [`- … and ${rest} more`] : [])].join('\n')
}

function renderLines(report: GateReport, extent: Extent): string {
  const { measurement, comparison } = report
  const changes = new Map((comparison?.lines ?? []).map((change) => [change.name, change]))
  const current = new Map(measurement.lines.map((line) => [line.name, line]))
  const failed = new Set(report.judgement.violations.map((violation) => violation.name))
  const rows = [...new Set([...current.keys(), ...changes.keys()])].map((name) => {
    const line = current.get(name)
    const change = changes.get(name) ?? { name, ...(line && { afterBytes: line.bytes }) }
    return { name, line, change, failed: failed.has(name) }
  })
  const moved = rows.filter((row) => !comparison || row.failed || deltaOf(row.change) !== 0 || !row.line)
  const still = rows.filter((row) => !moved.includes(row))
  const ordered = moved.sort(
    (a, b) => Number(b.failed) - Number(a.failed) || (comparison ? byWeight(a.change, b.change) : 0),
  )
  const shown = ordered.slice(0, extent.lines)
  const header = comparison ? ['', 'Size', 'Change', 'Budget'] : ['', 'Size', 'Budget']
  const cells = (row: (typeof rows)[number]): string[] => [
    `${row.failed ? '❌ ' : ''}${code(shorten(row.name))}`,
    row.line ? describeSize(row.line) : 'removed',
    ...(comparison ? [row.line?.missing === undefined ? describeChange(row.change) : ''] : []),
    row.line?.budget ? renderBudget(row.line) : '',
  ]
  const total = [
    `${failed.has(TOTAL) ? '❌ ' : ''}**Total**`,
    `**${formatSize(measurement.totalBytes)}**`,
    ...(comparison ? [describeChange(comparison.total)] : []),
    report.totalBudgetBytes === undefined ? '' : formatSize(report.totalBudgetBytes),
  ]
  const hidden = ordered.length - shown.length
  return blocks(
    table(header, [...shown.map(cells), total]),
    hidden > 0 ? `${plural(hidden, 'more line')} changed less than these.` : '',
    still.length > 0
      ? foldUnchanged(
          still.map((row) => row.line as MeasuredLine),
          extent,
        )
      : '',
  )
}

function describeSize(line: MeasuredLine): string {
  return line.missing !== undefined && line.bytes === 0 ? 'nothing found' : formatSize(line.bytes)
}

function renderBudget(line: MeasuredLine): string {
  const budgetBytes = line.budget?.bytes ?? 0
  const share = budgetBytes > 0 ? ` (${Math.floor((line.bytes / budgetBytes) * 100)} %)` : ''
  return `${formatSize(budgetBytes)}${share}`
}

function foldUnchanged(lines: readonly MeasuredLine[], extent: Extent): string {
  const shown = lines.slice(0, extent.lines)
  const rows = shown.map((line) => [
    code(shorten(line.name)),
    formatSize(line.bytes),
    line.budget ? renderBudget(line) : '',
  ])
  const rest = lines.length - shown.length
  return details(
    `${plural(lines.length, 'line')} unchanged`,
    blocks(table(['', 'Size', 'Budget'], rows), rest > 0 ? `… and ${rest} more.` : ''),
  )
}

/** Why it grew: files that are new, gone, or of another size. */
function renderFiles(comparison: Comparison, extent: Extent): string {
  if (comparison.files.length === 0) return ''
  const files = [...comparison.files].sort(byWeight)
  const count = (wanted: (file: NamedChange) => boolean): number => files.filter(wanted).length
  const added = count((file) => file.beforeBytes === undefined)
  const removed = count((file) => file.afterBytes === undefined)
  const shown = files.slice(0, extent.files)
  const rows = shown.map((file) => [
    code(shorten(file.name)),
    file.beforeBytes === undefined ? '' : formatSize(file.beforeBytes),
    file.afterBytes === undefined ? '' : formatSize(file.afterBytes),
    describeChange(file),
  ])
  const changed = files.length - added - removed
  const rest = files.length - shown.length
  const collisions = comparison.collisions
    .slice(0, 10)
    .map((name) => code(shorten(name)))
    .join(', ')
  return details(
    `Files: ${added} new, ${removed} removed, ${changed} changed`,
    blocks(
      table(['File', 'Before', 'Now', 'Change'], rows),
      rest > 0 ? `${plural(rest, 'more file')} changed less than these.` : '',
      comparison.collisions.length > 0
        ? `Several files share a name once their hashes are removed, so they are listed by their full names: ${collisions}`
        : '',
    ),
  )
}

/** `+1.20 kB (+3.4 %)`, `new`, `removed`, `unchanged`. */
export function describeChange(change: Change): string {
  if (change.beforeBytes === undefined) return `new, +${formatSize(change.afterBytes ?? 0)}`
  if (change.afterBytes === undefined) return `removed, −${formatSize(change.beforeBytes)}`
  const delta = deltaOf(change)
  if (delta === 0) return 'unchanged'
  const sign = delta > 0 ? '+' : '−'
  const percent = deltaPercent(change)
  const share = percent === undefined ? '' : ` (${sign}${Math.abs(percent).toFixed(Math.abs(percent) < 0.1 ? 2 : 1)} %)`
  return `${sign}${formatSize(Math.abs(delta))}${share}`
}

/** The same as data: what the report file holds. */
export function reportData(report: GateReport): object {
  const { measurement, judgement, comparison } = report
  return {
    totalBytes: measurement.totalBytes,
    lines: measurement.lines.map((line) => ({
      name: line.name,
      bytes: line.bytes,
      compression: line.compression,
      budgetBytes: line.budget?.bytes ?? null,
      missing: line.missing ?? null,
      files: line.files,
    })),
    violations: judgement.violations,
    warnings: judgement.warnings,
    overriddenBy: report.overriddenBy ?? null,
    baseline: report.baselineNote,
    comparison: comparison ?? null,
  }
}

/** One line for the log. */
export function describeLine(line: MeasuredLine): string {
  const budget = line.budget ? ` of ${formatSize(line.budget.bytes)}` : ''
  const files = line.files.length === 1 ? '' : `, ${plural(line.files.length, 'file')}`
  return line.missing === undefined
    ? `${line.name}: ${exactSize(line.bytes)}${budget}${files}, ${line.compression}`
    : `${line.name}: ${line.missing}`
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}
