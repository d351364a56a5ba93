import type { Service } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { type EcsBaseline, primaryDeployment, type ServiceBaseline } from '@deploy-kit/core/ecs/baseline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import type { Rollout, RolloutResult } from '@deploy-kit/core/ecs/followed-rollout'
import { readJobDeployments } from '@deploy-kit/core/ecs/job-record'
import { followRollouts, type RolloutsEnd } from '@deploy-kit/core/ecs/rollouts'
import {
  ifAnsweredSoon,
  listServiceDeployments,
  readRevisionDefinitions,
} from '@deploy-kit/core/ecs/service-deployments'
import { describeServices } from '@deploy-kit/core/ecs/services'
import { restoringCall } from './restoring-call.ts'
import { type Decision, decide, wasAnswered } from './situation.ts'

/** One service, as it was found and as it was left. */
export interface RestoredService {
  readonly baseline: ServiceBaseline
  readonly service: Service | undefined
  readonly decision: Decision
  /** Missing when nothing was done. */
  readonly result?: RolloutResult
}

export interface Restoring {
  readonly baseline: EcsBaseline
  /** Somebody named the version to go back to. */
  readonly explicit: boolean
  readonly dryRun: boolean
  readonly everyMs: number
  readonly ecs: Ecs
  readonly deadline: Deadline
  readonly context: ActionContext
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
  const judged = await Promise.all(
    entries.map(async (entry) => {
      const service = found.get(entry.service)
      return { baseline: entry, service, decision: await judge(entry, service, restoring) }
    }),
  )
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

async function judge(entry: ServiceBaseline, service: Service | undefined, restoring: Restoring): Promise<Decision> {
  const { baseline, context, deadline, ecs, explicit } = restoring
  const own = explicit ? [] : await readJobDeployments(context, service?.serviceArn ?? '')
  const first = decide({ baseline: entry, service, own, deployedSince: undefined, explicit })
  // Only here the answer depends on what has come and gone since. Other services do not wait for it long.
  const depends = first.kind === 'not-needed' || (first.kind === 'already-rolled-back' && !own.some(wasAnswered))
  if (!depends || explicit) return first
  const deployedSince = await ifAnsweredSoon(ecs, { signal: context.signal, deadline }, (soon) =>
    wasDeployedSince(entry, baseline, soon),
  )
  return decide({ baseline: entry, service, own, deployedSince, explicit })
}

async function wasDeployedSince(entry: ServiceBaseline, baseline: EcsBaseline, ecs: Ecs): Promise<boolean> {
  const deployments = await listServiceDeployments(
    ecs,
    { cluster: baseline.cluster, service: entry.service, createdAfter: new Date(baseline.capturedAt) },
    20,
  )
  const revisions = deployments.flatMap((deployment) => deployment.targetServiceRevisionArn ?? [])
  if (revisions.length === 0) return false
  const definitions = await readRevisionDefinitions(ecs, revisions)
  return [...definitions.values()].some((definition) => definition !== entry.taskDefinition)
}

function rolloutOf(one: Omit<RestoredService, 'result'>, restoring: Restoring): Rollout {
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
