import { formatSize } from '@deploy-kit/core/size'
import { type Change, deltaOf, deltaPercent } from './comparison.ts'
import { groupDigits } from './digits.ts'
import { exactSize } from './judgement.ts'
import type { MeasuredLine } from './measurement.ts'

/** How much of a report is shown; the rest is counted. */
export interface Extent {
  /** Of what failed or is close to it, before the first table. */
  readonly sentences: number
  readonly lines: number
  readonly files: number
}

const LONGEST_NAME = 160

/** The middle of a long name says least. */
export function shorten(text: string, longest = LONGEST_NAME): string {
  if (text.length <= longest) return text
  return `${text.slice(0, longest / 2)}…${text.slice(-longest / 2)}`
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

/** One line for the log. */
export function describeLine(line: MeasuredLine): string {
  const budget = line.budget ? ` of ${formatSize(line.budget.bytes)}` : ''
  const files = line.files.length === 1 ? '' : `, ${plural(line.files.length, 'file')}`
  return line.missing === undefined
    ? `${line.name}: ${exactSize(line.bytes)}${budget}${files}, ${line.compression}`
    : `${line.name}: ${line.missing}`
}

export function plural(count: number, noun: string): string {
  return `${groupDigits(count)} ${noun}${count === 1 ? '' : 's'}`
}
