import { lostVisits, type Visit } from '../traffic.ts'
import { escapeHtml, htmlTable } from './html.ts'

const colours = ['#2f6feb', '#8250df', '#bf8700', '#1a7f37', '#57606a']
const width = 900
const height = 120

/** What users saw while the workflow ran: a point a request, by version, and a count of each answer. */
export function renderVisits(visits: readonly Visit[]): string {
  const [first] = visits
  const last = visits.at(-1)
  if (!first || !last) return ''
  const versions = [...new Set(visits.map(({ version }) => version))]
  const colourOf = (version: string): string => colours[versions.indexOf(version) % colours.length] ?? ''
  const spanMs = Math.max(1, last.at.getTime() - first.at.getTime())
  const slowestMs = Math.max(50, ...visits.map(({ durationMs }) => durationMs))
  const lost = new Set(lostVisits(visits))
  const points = visits.map((visit) => {
    const x = ((visit.at.getTime() - first.at.getTime()) / spanMs) * width
    const y = height - (visit.durationMs / slowestMs) * (height - 10)
    const fill = lost.has(visit) ? '#cf222e' : colourOf(visit.version)
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${lost.has(visit) ? 5 : 2}" fill="${fill}"/>`
  })
  const legend = versions
    .map(
      (version) => `<span><b style="background:${colourOf(version)}"></b>${escapeHtml(version || 'no version')}</span>`,
    )
    .join(' ')
  const answers = Map.groupBy(visits, ({ status, version, error }) => `${status || error}\u0000${version}`)
  const rows = [...answers.values()].map((group) => {
    const [{ status, version, error } = first] = group
    return [escapeHtml(version || '–'), escapeHtml(status === 0 ? error : String(status)), String(group.length)]
  })
  return [
    `<p>${visits.length} requests through the load balancer, one after the other; <strong>${lost.size} lost</strong>. Height is response time, up to ${slowestMs} ms.</p>`,
    `<svg class="visits" viewBox="0 -6 ${width} ${height + 12}" role="img" aria-label="response times of users' requests">${points.join('')}</svg>`,
    `<p class="legend">${legend} <span><b style="background:#cf222e"></b>lost</span></p>`,
    htmlTable(['version', 'answer', 'requests'], rows),
  ].join('\n')
}
