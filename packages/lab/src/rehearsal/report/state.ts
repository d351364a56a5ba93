import type { Facts } from '../facts.ts'
import { escapeHtml, htmlTable } from './html.ts'

/** The state before and after, fact by fact; what changed stands out. */
export function renderState(before: Facts, after: Facts): string {
  const then = new Map(listFacts(before))
  const now = new Map(listFacts(after))
  const names = [...new Set([...then.keys(), ...now.keys()])]
  const rows = names.map((name) => {
    const [was, is] = [then.get(name) ?? 'none', now.get(name) ?? 'none']
    const shown = escapeHtml(is)
    return [escapeHtml(name), escapeHtml(was), was === is ? shown : `<strong>${shown}</strong>`]
  })
  return htmlTable(['', 'before', 'after'], rows)
}

function listFacts(facts: Facts): readonly (readonly [string, string])[] {
  const { health, services, tables, migrations, snapshots } = facts
  return [
    ...(health
      ? [
          ['version served', health.version || 'none'] as const,
          ['GET /health', String(health.status || 'no answer')] as const,
        ]
      : []),
    ...services.flatMap(({ name, taskDefinition, running, desired }) => [
      [`service ${name}`, taskDefinition] as const,
      [`tasks of ${name}`, `${running} of ${desired} running`] as const,
    ]),
    ...tables.map(({ name, rows }) => [`rows in ${name}`, String(rows)] as const),
    ['migrations applied', migrations.join(', ') || 'none'],
    ['snapshots', snapshots.map(({ identifier, status }) => `${identifier} (${status})`).join(', ') || 'none'],
  ]
}
