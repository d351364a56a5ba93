import { formatSize } from '@deploy-kit/core/size'
import { type Change, type Comparison, deltaOf, deltaPercent } from './comparison.ts'
import { groupDigits } from './digits.ts'
import type { MeasuredLine, Measurement } from './measurement.ts'
import { compareToShare, type Percent } from './percent.ts'

/** Something that must not be. `rule` is the input that says so. */
export interface Violation {
  readonly rule:
    | 'budget'
    | 'total-budget'
    | 'route-budget'
    | 'max-increase'
    | 'max-increase-percent'
    | 'fail-on-missing'
    | 'on-missing-baseline'
  /** The line's name, or `total`. */
  readonly name: string
  /** What was measured; for increases, the growth. */
  readonly bytes: number
  /** What is allowed: bytes, or the percentage as a number for max-increase-percent; null where nothing is counted. */
  readonly limit: number | null
  readonly message: string
}

export interface Limits {
  readonly totalBudgetBytes?: number
  readonly warnAt: Percent
  readonly maxIncreaseBytes?: number
  readonly maxIncreasePercent?: Percent
  readonly minChangeBytes: number
  readonly failOnMissing: boolean
}

export interface Judgement {
  readonly violations: readonly Violation[]
  /** Sentences about what is still allowed but close to a limit, or missing and allowed to be. */
  readonly warnings: readonly string[]
}

/** What people call the sum of all files. */
export const TOTAL = 'total'

export function judge(measurement: Measurement, comparison: Comparison | undefined, limits: Limits): Judgement {
  const violations: Violation[] = []
  const warnings: string[] = []
  for (const line of measurement.lines) {
    const missing = judgeMissing(line, limits.failOnMissing)
    if (missing) violations.push(missing)
    else if (line.missing !== undefined) warnings.push(`${line.name}: ${line.missing}.`)
    if (line.budget) judgeBudget(line.name, line.bytes, line.budget, limits.warnAt, { violations, warnings })
  }
  if (limits.totalBudgetBytes !== undefined) {
    const budget = { rule: 'total-budget', bytes: limits.totalBudgetBytes } as const
    judgeBudget(TOTAL, measurement.totalBytes, budget, limits.warnAt, { violations, warnings })
  }
  if (comparison) {
    for (const line of comparison.lines) {
      // A new line counts as growth of the total only, and one that is gone cannot have grown.
      if (line.beforeBytes === undefined || line.afterBytes === undefined) continue
      violations.push(...judgeIncrease(line.name, line, limits))
    }
    violations.push(...judgeIncrease(TOTAL, comparison.total, limits))
  }
  return { violations, warnings }
}

function judgeMissing(line: MeasuredLine, failOnMissing: boolean): Violation | undefined {
  if (line.missing === undefined || !failOnMissing) return undefined
  const message = `${line.name}: ${line.missing}. Was it built, and is the glob right?`
  return { rule: 'fail-on-missing', name: line.name, bytes: line.bytes, limit: null, message }
}

function judgeBudget(
  name: string,
  bytes: number,
  budget: { rule: 'budget' | 'route-budget' | 'total-budget'; bytes: number },
  warnAt: Percent,
  found: { violations: Violation[]; warnings: string[] },
): void {
  if (bytes > budget.bytes) {
    const over = formatSize(bytes - budget.bytes)
    const message = `${name} is ${exactSize(bytes)}, ${over} over its budget of ${formatSize(budget.bytes)}.`
    found.violations.push({ rule: budget.rule, name, bytes, limit: budget.bytes, message })
  } else if (budget.bytes > 0 && compareToShare(bytes, warnAt, budget.bytes) >= 0) {
    const share = ((bytes / budget.bytes) * 100).toFixed(1)
    found.warnings.push(`${name} is ${exactSize(bytes)}, ${share} % of its budget of ${formatSize(budget.bytes)}.`)
  }
}

function judgeIncrease(name: string, change: Change, limits: Limits): Violation[] {
  const delta = deltaOf(change)
  if (delta <= 0 || delta < limits.minChangeBytes) return []
  const violations: Violation[] = []
  const { maxIncreaseBytes, maxIncreasePercent } = limits
  const grew = `${name} grew by ${exactSize(delta)}`
  const from = `(${formatSize(change.beforeBytes ?? 0)} → ${formatSize(change.afterBytes ?? 0)})`
  if (maxIncreaseBytes !== undefined && delta > maxIncreaseBytes) {
    const message = `${grew} ${from}; ${formatSize(maxIncreaseBytes)} is allowed.`
    violations.push({ rule: 'max-increase', name, bytes: delta, limit: maxIncreaseBytes, message })
  }
  if (maxIncreasePercent && compareToShare(delta, maxIncreasePercent, change.beforeBytes ?? 0) > 0) {
    const share = deltaPercent(change)
    const percent = share === undefined ? 'from nothing' : `${share.toFixed(2)} %`
    const message = `${grew}, ${percent} ${from}; ${maxIncreasePercent.text} % is allowed.`
    const limit = Number(maxIncreasePercent.text)
    violations.push({ rule: 'max-increase-percent', name, bytes: delta, limit, message })
  }
  return violations
}

/** `250 kB (250,001 bytes)`: one byte over a budget must be seen. */
export function exactSize(bytes: number): string {
  return bytes < 1000 ? formatSize(bytes) : `${formatSize(bytes)} (${groupDigits(bytes)} bytes)`
}
