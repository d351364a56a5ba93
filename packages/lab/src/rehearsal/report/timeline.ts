import type { JobRun, StepRun, WorkflowRun } from '../workflow-run.ts'
import { escapeHtml, formatSeconds } from './html.ts'

/** Every job's steps as bars on one time axis, in the order in which they ran. */
export function renderTimeline(run: WorkflowRun): string {
  const totalMs = Math.max(1, run.endedAt.getTime() - run.startedAt.getTime())
  const rows = run.jobs.map((job) => renderJob(job, run.startedAt, totalMs)).join('\n')
  return `<div class="timeline">${rows}<p class="axis"><span>0 s</span><span>${formatSeconds(totalMs)}</span></p></div>`
}

function renderJob(job: JobRun, startedAt: Date, totalMs: number): string {
  const steps = job.steps.map((step) => renderBar(step, startedAt, totalMs)).join('\n')
  return `<h4>${escapeHtml(job.name)} <span class="mark ${job.conclusion}">${job.conclusion}</span></h4>\n${steps}`
}

function renderBar(step: StepRun, startedAt: Date, totalMs: number): string {
  const from = ((step.startedAt.getTime() - startedAt.getTime()) / totalMs) * 100
  const lengthMs = step.endedAt.getTime() - step.startedAt.getTime()
  const bar = `<i class="${step.outcome}" style="left:${from.toFixed(2)}%;width:${((lengthMs / totalMs) * 100).toFixed(2)}%"></i>`
  const time = step.outcome === 'skipped' ? 'skipped' : formatSeconds(lengthMs)
  const remark = step.remark === '' ? '' : ` title="${escapeHtml(step.remark)}"`
  return `<div class="step"${remark}><span class="name">${escapeHtml(step.name)}</span><span class="track">${bar}</span><span class="time">${time}</span></div>`
}
