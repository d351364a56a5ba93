import type { Deployment, Service, ServiceEvent } from '@aws-sdk/client-ecs'
import { formatDuration } from '@deploy-kit/core/duration'
import { primaryDeployment } from '@deploy-kit/core/ecs/baseline'
import { shortName } from '@deploy-kit/core/ecs/names'
import { blocks, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import type { RestoredService } from './restore-services.ts'

export interface Moment {
  readonly at: Date
  readonly kind: 'deployed' | 'first symptom' | 'started' | 'ended' | 'verified'
  readonly what: string
}

/**
 * What happened to the services that were restored, in order: deployed, first symptom, rollback started, steady again.
 * The first two are by AWS's clock, the others by this machine's.
 */
export function listMoments(services: readonly RestoredService[]): readonly Moment[] {
  const moments = services.flatMap(({ baseline, service, decision, result }): Moment[] => {
    if (service === undefined || result?.startedAt === undefined) return []
    const name = baseline.service
    const to = shortName(result.change?.taskDefinition ?? baseline.taskDefinition)
    const started = decision.kind === 'restore' ? `rollback to ${to} started` : `${to} was on its way back already`
    const ended = result.state.kind === 'steady' ? 'steady again' : result.state.state
    return [
      ...listBefore(name, service),
      { at: result.startedAt, kind: 'started', what: `${name}: ${started}` },
      ...(result.endedAt ? [{ at: result.endedAt, kind: 'ended' as const, what: `${name}: ${ended}` }] : []),
    ]
  })
  return moments.toSorted((a, b) => a.at.getTime() - b.at.getTime())
}

/** When what has to go was deployed, and the first event that tells of trouble with it. */
function listBefore(name: string, service: Service): Moment[] {
  const primary = primaryDeployment(service)
  if (primary?.createdAt === undefined) return []
  const deployed = `${name}: ${shortName(primary.taskDefinition)} deployed`
  const symptom = findFirstSymptom(service, primary, primary.createdAt)
  return [
    { at: primary.createdAt, kind: 'deployed', what: deployed },
    ...(symptom?.createdAt
      ? [{ at: symptom.createdAt, kind: 'first symptom' as const, what: `${name}: first symptom: ${symptom.message}` }]
      : []),
  ]
}

/** ECS's events have no codes. One that names another deployment is about that. */
function findFirstSymptom(service: Service, primary: Deployment, since: Date): ServiceEvent | undefined {
  const isSymptom = ({ createdAt, message = '' }: ServiceEvent): boolean =>
    createdAt !== undefined &&
    createdAt >= since &&
    /unhealthy|unable to|failed/i.test(message) &&
    (!message.includes('ecs-svc/') || message.includes(primary.id ?? ''))
  // Newest first (ECS API, Service, `events`).
  return service.events?.findLast(isSymptom)
}

/** The timeline as a table, and how long restoring took, from the first request to the last proof; empty without moments. */
export function renderTimeline(moments: readonly Moment[], isRestored: boolean): string {
  const started = moments.find((moment) => moment.kind === 'started')
  const last = moments.at(-1)
  if (started === undefined || last === undefined) return ''
  const rows = moments.map(({ at, what }) => [at.toISOString().slice(11, 23), escapeMarkdown(what)])
  const elapsed = formatDuration(last.at.getTime() - started.at.getTime())
  return blocks(table(['UTC', 'what happened'], rows), isRestored ? `Time to restore: ${elapsed}` : '')
}
