import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StepRun, WorkflowRun } from './workflow-run.ts'

const reportFolder = fileURLToPath(new URL('../../../../.tmp/rehearsals', import.meta.url))

/** Writes one HTML file with every step and its log. @returns its path */
export async function writeReport(run: WorkflowRun): Promise<string> {
  const name = `${basename(run.workflowFile).replace(/\.ya?ml$/, '')}-${run.startedAt.toISOString().replaceAll(/[:.]/g, '-')}.html`
  const path = join(reportFolder, name)
  await mkdir(reportFolder, { recursive: true })
  await writeFile(path, render(run))
  return path
}

function render(run: WorkflowRun): string {
  const jobs = run.jobs.map(
    (job) => `<h2>${escapeHtml(job.name)}: ${job.conclusion}</h2>${job.steps.map(renderStep).join('')}`,
  )
  return `<!doctype html><meta charset="utf-8"><title>${escapeHtml(run.name)}</title><h1>${escapeHtml(run.name)}: ${run.conclusion}</h1>${jobs.join('')}`
}

function renderStep(step: StepRun): string {
  const log = step.log.map((line) => escapeHtml(line.text)).join('\n')
  return `<details><summary>${escapeHtml(step.name)}: ${step.conclusion}</summary><pre>${log}</pre><pre>${escapeHtml(step.summary)}</pre></details>`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
