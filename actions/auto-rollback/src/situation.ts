import type { Deployment, Service } from '@aws-sdk/client-ecs'
import { primaryDeployment, type ServiceBaseline } from '@deploy-kit/core/ecs/baseline'
import { findForeignController } from '@deploy-kit/core/ecs/deployment-controller'
import { isOwnDeployment, type JobDeployment } from '@deploy-kit/core/ecs/job-record'
import { shortName } from '@deploy-kit/core/ecs/names'

/** What is to be done about one service. `why` is for people. */
export type Decision =
  | { readonly kind: 'not-needed'; readonly why: string; readonly inProgress: boolean }
  | { readonly kind: 'already-rolled-back'; readonly why: string; readonly inProgress: boolean }
  | { readonly kind: 'superseded'; readonly why: string }
  /** `inFlight`: a deployment that can be stopped, rather than a finished one that has to be replaced. */
  | { readonly kind: 'restore'; readonly why: string; readonly inFlight: boolean }
  | { readonly kind: 'impossible'; readonly why: string; readonly next: string }

export interface Situation {
  readonly baseline: ServiceBaseline
  /** As DescribeServices answers now; undefined when it does not exist. */
  readonly service: Service | undefined
  /** What this job recorded that it did to the service. */
  readonly own: readonly JobDeployment[]
  /** Other revisions than the baseline's were deployed since it was captured; undefined when that is not known. */
  readonly deployedSince: boolean | undefined
  /** Somebody named the version to go back to: whoever deployed what runs now, it is replaced. */
  readonly explicit: boolean
}

/**
 * Judges a service against its baseline. A change since it was captured counts as this job's, unless this job recorded
 * another deployment as its own.
 */
export function decide(situation: Situation): Decision {
  const { baseline, service, own, explicit } = situation
  const again = 'Create the service again, or remove it from this step.'
  if (service === undefined) return { kind: 'impossible', why: 'the service does not exist any more', next: again }
  if (service.status !== 'ACTIVE')
    return { kind: 'impossible', why: `the service is ${service.status}: it was deleted`, next: again }
  const foreign = findForeignController(service)
  if (foreign !== undefined) return { kind: 'impossible', why: `it ${foreign.problem}`, next: foreign.instead }
  const primary = primaryDeployment(service)
  if (primary === undefined)
    return { kind: 'impossible', why: 'the service has no primary deployment', next: 'Deploy it with ecs-deploy.' }
  if (primary.taskDefinition === baseline.taskDefinition) return decideAtBaseline(situation, primary)
  if (!explicit && primary.id === baseline.deploymentId && !isOurs(own, primary)) {
    const why = `${shortName(primary.taskDefinition)} was being deployed before this job's turn`
    return { kind: 'not-needed', why, inProgress: false }
  }
  if (!explicit && own.length > 0 && !isOurs(own, primary)) {
    return {
      kind: 'superseded',
      why: `somebody else deployed ${shortName(primary.taskDefinition)} (${primary.id}) since`,
    }
  }
  // ECS's own strategies have no rolloutState; whether one is in flight is found out when it is to be stopped.
  const inFlight = primary.rolloutState === 'IN_PROGRESS' || primary.rolloutState === undefined
  const how = inFlight ? 'is being deployed' : primary.rolloutState === 'FAILED' ? 'failed' : 'runs'
  return { kind: 'restore', why: `${shortName(primary.taskDefinition)} ${how}`, inFlight }
}

function wasAnswered({ deploymentId }: JobDeployment): boolean {
  return deploymentId !== undefined
}

/** When ECS reverts one of our deployments to another one of ours, the deployment is new and the revision is ours. */
function isOurs(own: readonly JobDeployment[], primary: Deployment): boolean {
  if (isOwnDeployment(own, primary)) return true
  return (
    /rolling back|rollback/i.test(primary.rolloutStateReason ?? '') &&
    own.some((entry) => entry.taskDefinition === primary.taskDefinition)
  )
}

function decideAtBaseline(
  { baseline, service, own, deployedSince, explicit }: Situation,
  primary: Deployment,
): Decision {
  const runs = shortName(baseline.taskDefinition)
  const inProgress = primary.rolloutState === 'IN_PROGRESS'
  const others = (service?.deployments ?? []).some(
    (deployment) => deployment.id !== primary.id && deployment.taskDefinition !== baseline.taskDefinition,
  )
  const ours = own.filter((entry) => entry.taskDefinition !== baseline.taskDefinition)
  // A step that was ended between its intent and its request has deployed nothing; ECS knows which it was.
  const wasDeployed = ours.some(wasAnswered) || others || (deployedSince ?? ours.length > 0)
  if (!explicit && !wasDeployed) {
    return { kind: 'not-needed', why: `nothing was deployed since; ${runs} runs`, inProgress: false }
  }
  if (primary.rolloutState === 'FAILED') return { kind: 'restore', why: `going to ${runs} failed`, inFlight: false }
  if (explicit)
    return { kind: 'not-needed', why: `${runs} ${inProgress ? 'is being deployed' : 'runs'} already`, inProgress }
  const how = inProgress ? 'is being brought back' : 'runs again'
  return { kind: 'already-rolled-back', why: `${runs} ${how} without this step's doing`, inProgress }
}
