import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Rehearsal } from '../rehearsal.ts'
import { escapeHtml, formatSeconds } from './html.ts'
import { renderRequests } from './requests.ts'
import { renderState } from './state.ts'
import { renderLogs, renderSummary } from './steps.ts'
import { style } from './style.ts'
import { renderTimeline } from './timeline.ts'
import { renderVisits } from './visits.ts'

const folder = fileURLToPath(new URL('../../../../../.tmp/rehearsals', import.meta.url))

/** Writes one self-contained HTML file. @returns its absolute path */
export async function writeReport(title: string, rehearsals: readonly Rehearsal[]): Promise<string> {
  const path = join(folder, `${new Date().toISOString().replaceAll(/[:.]/g, '-')}.html`)
  await mkdir(folder, { recursive: true })
  await writeFile(path, renderReport(title, rehearsals))
  return path
}

/** The whole page; pure, so that the same rehearsals make the same page. */
export function renderReport(title: string, rehearsals: readonly Rehearsal[]): string {
  const links = rehearsals.map(
    ({ title: name, expectations }, index) => `<a href="#r${index}">${escapeHtml(name)}</a>${endingMark(expectations)}`,
  )
  const navigation = rehearsals.length > 1 ? `<ul>${links.map((link) => `<li>${link}</li>`).join('')}</ul>` : ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${navigation}
${rehearsals.map(renderRehearsal).join('\n')}
</body>
</html>
`
}

function renderRehearsal(rehearsal: Rehearsal, index: number): string {
  const { title, run, before, after, visits, journal, expectations } = rehearsal
  const took = formatSeconds(run.endedAt.getTime() - run.startedAt.getTime())
  const { name, ref, sha } = run.event
  const parts: readonly (readonly [string, string])[] = [
    ['Timeline', renderTimeline(run)],
    ['What users saw', renderVisits(visits)],
    ['State before and after', renderState(before, after)],
    ['Job summary', `<div class="summary">${renderSummary(run)}</div>`],
    ['Log of each step', renderLogs(run)],
    ['Requests', renderRequests(journal, run.mask)],
    ['What the rehearsal did otherwise than GitHub', renderNotices(run.notices)],
  ]
  return `<h2 id="r${index}">${escapeHtml(title)} <span class="mark ${run.conclusion}">workflow: ${run.conclusion}</span>${endingMark(expectations)}</h2>
<p><small><code>${escapeHtml(run.workflowFile)}</code>, ${escapeHtml(name)} on ${escapeHtml(ref)} at ${escapeHtml(sha.slice(0, 12))}, ${took}</small></p>
${renderExpectations(expectations)}
${parts
  .filter(([, html]) => html !== '')
  .map(([heading, html]) => `<h3>${heading}</h3>\n${html}`)
  .join('\n')}`
}

/** A scene in which the workflow fails has ended well when that is what had to happen. */
function endingMark(expectations: Rehearsal['expectations']): string {
  if (expectations.length === 0) return ''
  const isWell = expectations.every(({ holds }) => holds)
  return ` <span class="mark ${isWell ? 'success' : 'failure'}">${isWell ? 'ended as it must' : 'did not end as it must'}</span>`
}

function renderExpectations(expectations: Rehearsal['expectations']): string {
  if (expectations.length === 0) return ''
  const items = expectations.map(
    ({ statement, holds }) =>
      `<li><span class="${holds ? 'success' : 'failure'}">${holds ? '✓' : '✗'}</span> ${escapeHtml(statement)}</li>`,
  )
  return `<ul class="expectations">${items.join('')}</ul>`
}

function renderNotices(notices: readonly string[]): string {
  return notices.length === 0 ? '' : `<ul>${notices.map((notice) => `<li>${withCode(notice)}</li>`).join('')}</ul>`
}

function withCode(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}
