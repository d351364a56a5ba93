import { blocks, code, escapeMarkdown } from '@deploy-kit/core/markdown'
import { formatSize } from '@deploy-kit/core/size'
import type { Comparison, NamedChange } from './comparison.ts'
import { groupDigits } from './digits.ts'
import { renderChanges, renderCollisions } from './file-table.ts'
import { type Judgement, TOTAL, type Violation } from './judgement.ts'
import { renderLines } from './line-table.ts'
import type { Measurement } from './measurement.ts'
import { describeChange, type Extent, plural, shorten } from './report-text.ts'

/** Everything that the summary, the comment and the report file tell. */
export interface GateReport {
  readonly measurement: Measurement
  readonly judgement: Judgement
  readonly comparison?: Comparison
  /** Module to bytes before compression, when `source-maps` asked for it. */
  readonly modules?: Readonly<Record<string, number>>
  /** What changed in modules since a baseline that knows them. */
  readonly moduleChanges?: readonly NamedChange[]
  /** Names that several files share once their hashes are removed: these are told apart by their full names. */
  readonly collisions: readonly string[]
  /** What was compared with, or why nothing was: one sentence. */
  readonly baselineNote: string
  /** Set when the pull request's label let the violations pass. */
  readonly overriddenBy?: string
  readonly totalBudgetBytes?: number
}

/** A summary may have 1 MiB, a comment 65,536 characters; people read the first screen. */
const EXTENTS: readonly Extent[] = [
  { sentences: 10, lines: 100, files: 50 },
  { sentences: 10, lines: 40, files: 20 },
  { sentences: 5, lines: 10, files: 5 },
  { sentences: 3, lines: 3, files: 1 },
]
const LONGEST_COMMENT = 65_536
const LONGEST_SENTENCE = 400

/** One sentence that says how it went, for the log's end, the annotation and the headline. */
export function headline(report: GateReport): string {
  const { measurement, comparison, judgement } = report
  const count = judgement.violations.length
  const total = `${formatSize(measurement.totalBytes)} in all${comparison ? `, ${describeChange(comparison.total)}` : ''}`
  const [first] = [...judgement.violations].sort(byImportance)
  if (report.overriddenBy !== undefined && count > 0)
    return `${plural(count, 'limit')} not held, allowed by the label '${report.overriddenBy}': ${total}`
  if (first && count === 1) return `${first.message} ${total}`
  if (count > 1) return `${plural(count, 'limit')} not held: ${total}. ${first?.message}`
  const [warning] = judgement.warnings
  return warning === undefined ? `All limits held: ${total}` : `All limits held: ${total}. ${warning}`
}

/** Markdown below the headline: what failed first, then changes, largest first; the rest is folded. */
export function renderReport(report: GateReport, extent: Extent = { sentences: 20, lines: 100, files: 50 }): string {
  const { judgement, comparison } = report
  return blocks(
    renderViolations(judgement.violations, report.overriddenBy, extent),
    renderWarnings(judgement.warnings, extent),
    renderLines(report, extent),
    renderChanges('File', comparison?.files ?? [], extent),
    renderChanges('Module', report.moduleChanges ?? [], extent),
    renderCollisions(report.collisions),
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
    .slice(0, extent.sentences)
    .map((warning) => `- ⚠️ ${escapeMarkdown(shorten(warning, LONGEST_SENTENCE))}`)
  const rest = warnings.length - shown.length
  return [...shown, ...(rest > 0 ? [`- … and ${groupDigits(rest)} more`] : [])].join('\n')
}

/** The total first, then what is farthest beyond its limit; otherwise as the gate's lines are. */
function byImportance(a: Violation, b: Violation): number {
  return Number(b.name === TOTAL) - Number(a.name === TOTAL) || excess(b) - excess(a)
}

function excess({ rule, bytes, limit }: Violation): number {
  return rule === 'max-increase-percent' ? bytes : bytes - (limit ?? 0)
}

function renderViolations(violations: readonly Violation[], overriddenBy: string | undefined, extent: Extent): string {
  if (violations.length === 0) return ''
  const sign = overriddenBy === undefined ? '❌' : '⚠️'
  const shown = [...violations].sort(byImportance).slice(0, extent.sentences)
  const rest = violations.length - shown.length
  const lines = shown.map(
    (violation) =>
      `- ${sign} ${escapeMarkdown(shorten(violation.message, LONGEST_SENTENCE))} (${code(violation.rule)})`,
  )
  return [...lines, ...(rest > 0 ? [`- … and ${groupDigits(rest)} more`] : [])].join('\n')
}
