import type { JournalEntry, RequestEntry } from '../../journal.ts'
import { details, escapeHtml, htmlTable } from './html.ts'

/**
 * Requests to the stand-ins for AWS and GitHub: how many of which, and those that change something, in order.
 * @param mask takes secrets out of what was sent
 */
export function renderRequests(journal: readonly JournalEntry[], mask: (text: string) => string): string {
  const requests = journal.filter((entry): entry is RequestEntry => entry.kind === 'request')
  if (requests.length === 0) return '<p>None.</p>'
  const counted = Map.groupBy(requests, (entry) => `${entry.service}:${entry.operation}`)
  const rows = [...counted]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, entries]) => [
      `<code>${escapeHtml(name)}</code>`,
      String(entries.length),
      String(entries.filter(({ outcome }) => outcome.kind !== 'answered').length),
      [...new Set(entries.map(({ caller }) => shortCaller(caller)))].map(escapeHtml).join(', '),
    ])
  const changing = requests.filter(changesSomething)
  return [
    htmlTable(['request', 'sent', 'refused', 'by'], rows),
    details(
      `What a real AWS account and GitHub would have been asked to change: ${changing.length} requests`,
      changing.map((entry) => renderRequest(entry, mask)).join('\n'),
    ),
  ].join('\n')
}

/** Reads by AWS's and HTTP's own naming; everything else may change something. */
export function changesSomething({ service, operation }: RequestEntry): boolean {
  if (service === 'sts' || service === 'oidc') return false
  return !/^(Describe|List|Get|Filter|GET |HEAD )/.test(operation)
}

function renderRequest(entry: RequestEntry, mask: (text: string) => string): string {
  const time = entry.at.toISOString().slice(11, 23)
  const outcome =
    entry.outcome.kind === 'answered' ? '' : ` <span class="mark failure">${escapeHtml(outcomeText(entry))}</span>`
  const masked = (_: string, value: unknown) => (typeof value === 'string' ? mask(value) : value)
  const body = `<pre>${escapeHtml(JSON.stringify(entry.input, masked, 2) ?? '')}</pre>`
  return details(
    `<span class="time">${time}</span> <code>${escapeHtml(`${entry.service}:${entry.operation}`)}</code>${outcome}`,
    body,
  )
}

function outcomeText({ outcome }: RequestEntry): string {
  return outcome.kind === 'error' ? outcome.code : outcome.kind === 'cut' ? 'connection cut' : ''
}

function shortCaller(caller: string): string {
  return caller.replace(/^arn:aws:(iam|sts)::\d+:/, '')
}
