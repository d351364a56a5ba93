import type { Service } from '@aws-sdk/client-ecs'
import { formatDuration } from '@deploy-kit/core/duration'
import { primaryDeployment } from '@deploy-kit/core/ecs/baseline'
import { shortName } from '@deploy-kit/core/ecs/names'
import { escapeMarkdown, table } from '@deploy-kit/core/markdown'
import type { RestoredService } from './restore-services.ts'

export interface Moment {
  readonly at: Date
  readonly what: string
}

/**
 * What happened to the services that were restored, in order: deployed, first symptom, rollback started, steady again.
 * The first two are by AWS's clock, the others by this machine's.
 */
export function listMoments(services: readonly RestoredService[]): readonly Moment[] {
  const moments = services.flatMap(({ baseline, service, result }): Moment[] => {
    if (service === undefined || result?.startedAt === undefined) return []
    const primary = primaryDeployment(service)
    const name = baseline.service
    const symptom = firstSymptom(service, primary?.createdAt)
    return [
      ...(primary?.createdAt
        ? [{ at: primary.createdAt, what: `${name}: ${shortName(primary.taskDefinition)} deployed` }]
        : []),
      ...(symptom ? [{ at: symptom.at, what: `${name}: first symptom: ${symptom.what}` }] : []),
      { at: result.startedAt, what: `${name}: rollback to ${shortName(baseline.taskDefinition)} started` },
      ...(result.endedAt
        ? [
            {
              at: result.endedAt,
              what: `${name}: ${result.state.kind === 'steady' ? 'steady again' : result.state.state}`,
            },
          ]
        : []),
    ]
  })
  return moments.toSorted((a, b) => a.at.getTime() - b.at.getTime())
}

/** The first service event of the deployment that tells of trouble; ECS's events have no codes. */
function firstSymptom(service: Service, since: Date | undefined): Moment | undefined {
  if (since === undefined) return undefined
  const events = (service.events ?? []).filter(
    (event) =>
      (event.createdAt?.getTime() ?? 0) >= since.getTime() && /unhealthy|unable to|failed/i.test(event.message ?? ''),
  )
  const first = events.toSorted((a, b) => (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0))[0]
  return first?.createdAt && { at: first.createdAt, what: first.message ?? '' }
}

/** The timeline as a table, with the time that restoring took; empty when nothing was restored. */
export function renderTimeline(moments: readonly Moment[]): string {
  const first = moments.find((moment) => moment.what.includes(' started'))
  const last = moments.at(-1)
  if (first === undefined || last === undefined) return ''
  const rows = moments.map(({ at, what }) => [at.toISOString().slice(11, 23), escapeMarkdown(what)])
  const elapsed = formatDuration(last.at.getTime() - first.at.getTime())
  return `${table(['UTC', 'what happened'], rows)}\n\nTime to restore: ${elapsed}`
}
