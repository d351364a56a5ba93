import { primaryDeployment } from '@deploy-kit/core/ecs/baseline'
import type { Rollout, RolloutResult } from '@deploy-kit/core/ecs/rollout'
import { followRollouts, type RolloutsEnd } from '@deploy-kit/core/ecs/rollouts'
import { describeServices } from '@deploy-kit/core/ecs/services'
import { type JudgedService, judgeService, type Restoring } from './judged-service.ts'
import { restoringCall } from './restoring-call.ts'
import type { Decision } from './situation.ts'

/** One service, as it was found and as it was left. */
export interface RestoredService extends JudgedService {
  /** Missing when nothing was done. */
  readonly result?: RolloutResult
}

/**
 * Puts back what ran, service by service in reverse order. All restoring calls go out before any is waited for: after
 * a cancellation GitHub ends everything within five minutes ("Workflow cancellation reference", GitHub Docs). One that
 * fails does not stop the others.
 */
export async function restoreServices(
  restoring: Restoring,
): Promise<{ services: readonly RestoredService[]; end: RolloutsEnd }> {
  const { baseline, ecs, context, dryRun, deadline, everyMs } = restoring
  const entries = baseline.services.toReversed()
  const names = entries.map((entry) => entry.service)
  const found = await describeServices(ecs, baseline.cluster, names)
  const judged = await Promise.all(entries.map((entry) => judgeService(entry, found.get(entry.service), restoring)))
  for (const { baseline: entry, decision } of judged)
    context.log.info(`${entry.service}: ${describeDecision(decision)}`)
  const acting = judged.filter(({ decision }) => isActing(decision))
  if (dryRun || acting.length === 0) return { services: judged, end: 'ended' }
  const rollouts = acting.map((one) => rolloutOf(one, restoring))
  const { end, results } = await followRollouts(rollouts, {
    ecs,
    cluster: baseline.cluster,
    context,
    deadline,
    everyMs,
    maxParallel: rollouts.length,
    stopAtFirstFailure: false,
  })
  const services = judged.map((one) => {
    const result = results.find((candidate) => candidate.service === one.baseline.service)
    return result === undefined ? one : { ...one, result }
  })
  return { services, end }
}

/** Whether there is anything to do or to wait for. */
function isActing(decision: Decision): boolean {
  if (decision.kind === 'restore') return true
  return (decision.kind === 'already-rolled-back' || decision.kind === 'not-needed') && decision.inProgress
}

function rolloutOf(one: JudgedService, restoring: Restoring): Rollout {
  const { baseline, service, decision } = one
  const before = (service?.deployments ?? []).flatMap((deployment) => deployment.id ?? [])
  return {
    service: baseline.service,
    start: async () => {
      if (service !== undefined && decision.kind === 'restore') {
        return await restoringCall({ baseline, service, inFlight: decision.inFlight }, restoring)
      }
      // ECS does it by itself: there is only something to wait for.
      const deploymentId = service && primaryDeployment(service)?.id
      const change = { service: baseline.service, taskDefinition: baseline.taskDefinition, before }
      return deploymentId === undefined ? change : { ...change, deploymentId }
    },
  }
}

export function describeDecision(decision: Decision): string {
  switch (decision.kind) {
    case 'not-needed':
      return `nothing to restore: ${decision.why}`
    case 'already-rolled-back':
      return `already rolled back: ${decision.why}`
    case 'superseded':
      return `superseded: ${decision.why}`
    case 'restore':
      return `has to be restored: ${decision.why}`
    case 'impossible':
      return `cannot be restored: ${decision.why}`
  }
}
