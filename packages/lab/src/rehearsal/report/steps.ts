import type { LogLine, StepRun, WorkflowRun } from '../workflow-run.ts'
import { details, escapeHtml, formatSeconds } from './html.ts'
import { renderMarkdown } from './markdown.ts'

/** The log of each step; those that failed are open. */
export function renderLogs(run: WorkflowRun): string {
  return run.jobs.map((job) => `<h4>${escapeHtml(job.name)}</h4>\n${job.steps.map(renderLog).join('\n')}`).join('\n')
}

function renderLog(step: StepRun): string {
  const mark = `<span class="mark ${step.outcome}">${step.outcome}</span>`
  const remark = step.remark === '' ? '' : ` <small>${escapeHtml(step.remark)}</small>`
  const time = formatSeconds(step.endedAt.getTime() - step.startedAt.getTime())
  const log = step.log.length === 0 ? '<p>No output.</p>' : `<div class="log">${renderLines(step.log)}</div>`
  return details(`${mark} ${escapeHtml(step.name)} <small>${time}</small>${remark}`, log, step.outcome === 'failure')
}

/** Groups are closed, as on GitHub, so that what a step says is not below what it was given. */
function renderLines(lines: readonly LogLine[]): string {
  let isInGroup = false
  const parts = lines.map((line) => {
    const end = isInGroup && (line.kind === 'group' || line.kind === 'endGroup') ? '</details>' : ''
    if (line.kind === 'group' || line.kind === 'endGroup') isInGroup = line.kind === 'group'
    if (line.kind === 'endGroup') return end
    return line.kind === 'group' ? `${end}<details><summary>${escapeHtml(line.text)}</summary>` : renderLine(line)
  })
  return `${parts.join('')}${isInGroup ? '</details>' : ''}`
}

function renderLine({ at, kind, text }: LogLine): string {
  const sign = kind === 'error' ? 'Error: ' : kind === 'warning' ? 'Warning: ' : ''
  return `<div class="${kind}" title="${at.toISOString()}">${escapeHtml(`${sign}${text}`) || '&nbsp;'}</div>`
}

/** The job summary, as the steps wrote it. */
export function renderSummary(run: WorkflowRun): string {
  const written = run.jobs.flatMap((job) => job.steps).filter(({ summary }) => summary !== '')
  return written.map(({ summary }) => renderMarkdown(summary)).join('\n') || '<p>No step wrote one.</p>'
}
