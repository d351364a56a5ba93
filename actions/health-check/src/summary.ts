import { formatDuration } from '@deploy-kit/core/duration'
import { shorten } from '@deploy-kit/core/excerpt'
import { blocks, code, codeBlock, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import { type Diagnosis, drawStrip } from '@deploy-kit/core/probe/diagnosis'
import type { HealthVerdict } from '@deploy-kit/core/probe/health'
import type { TargetWatch } from '@deploy-kit/core/probe/target-watch'

const TEXT_LENGTH = 200

/** The section of the job summary below its headline: targets, a chart of the one that decided, and the diagnosis. */
export function summarise(verdict: HealthVerdict, diagnoses: readonly Diagnosis[]): string {
  const header = ['Target', 'Attempts, oldest first', 'In a row', 'Last answer', 'Response time', 'Last failure']
  const failing = verdict.watches.filter(({ lastFailure, streak }) => streak === 0 && lastFailure)
  const others = verdict.watches.filter((watch) => !failing.includes(watch))
  return blocks(
    table(header, [...failing, ...others].map(row)),
    drawChart(verdict.decisive),
    ...diagnoses.map(renderDiagnosis),
  )
}

function row(watch: TargetWatch): string[] {
  const { lastAnswered, lastFailure } = watch
  const lastComplete = watch.history.findLast(({ complete }) => complete)
  return [
    code(shorten(watch.target.text, TEXT_LENGTH)),
    `${watch.attempts} ${drawStrip(watch, { pass: '🟩', fail: '🟥', cutOff: '⬜' })}`,
    String(watch.streak),
    String(lastAnswered?.trace.head?.status ?? ''),
    lastComplete ? formatDuration(lastComplete.responseMs) : '',
    lastFailure ? code(shorten(describeProblems(lastFailure), TEXT_LENGTH)) : '',
  ]
}

/**
 * Response times and failures over the last attempts, as Mermaid, which GitHub renders.
 *
 * @see https://mermaid.js.org/syntax/xyChart.html
 */
export function drawChart(watch: TargetWatch): string {
  const attempts = watch.history.filter(({ complete }) => complete)
  if (attempts.length < 2) return ''
  const times = attempts.map(({ responseMs }) => Math.round(responseMs))
  const failed = attempts.map(({ problems }) => problems.length > 0)
  const labels = attempts.map(({ number }, index) => `"${number}${failed[index] ? ' ✗' : ''}"`)
  const bars = (chosen: boolean): string => times.map((ms, index) => (failed[index] === chosen ? ms : 0)).join(', ')
  const lines = [
    'xychart-beta',
    '  title "Response time of each attempt"',
    `  x-axis "attempt (✗ failed)" [${labels.join(', ')}]`,
    `  y-axis "ms" 0 --> ${Math.max(10, ...times)}`,
    `  bar [${bars(false)}]`,
    ...(failed.includes(true) ? [`  bar [${bars(true)}]`] : []),
  ]
  return codeBlock(lines.join('\n'), 'mermaid')
}

function renderDiagnosis({ title, facts, body, advice }: Diagnosis): string {
  const rows = facts.map(([label, text]) => [label, code(shorten(text, TEXT_LENGTH))])
  return blocks(
    `#### ${escapeMarkdown(title)}`,
    table(['', ''], rows),
    body.length > 0 ? blocks('The body begins with', codeBlock(body.join('\n'))) : '',
    advice === '' ? '' : `**Look at next:** ${escapeMarkdown(advice)}`,
  )
}
