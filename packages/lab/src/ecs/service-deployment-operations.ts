import * as v from 'valibot'
import { AwsError, type Call, type Input, type Output } from '../service.ts'
import type { Clusters } from './clusters.ts'
import { invalidParameter, readInput, text, whole } from './input.ts'
import { pageOf, pageOutput } from './pages.ts'
import type { ServiceDeployment } from './service-deployment.ts'
import { describeRevision } from './service-description.ts'
import type { Services } from './services.ts'
import { hookFailure } from './staged-rollout.ts'
import { resourceTagKeys } from './tags.ts'

export interface ServiceDeploymentState {
  readonly clusters: Clusters
  readonly services: Services
}

const statuses = v.picklist([
  'PENDING',
  'SUCCESSFUL',
  'STOPPED',
  'STOP_REQUESTED',
  'IN_PROGRESS',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
  'ROLLBACK_SUCCESSFUL',
  'ROLLBACK_FAILED',
])

const listInput = v.looseObject({
  service: v.string(),
  cluster: text,
  status: v.optional(v.array(statuses)),
  createdAt: v.optional(v.looseObject({ before: v.optional(v.number()), after: v.optional(v.number()) })),
  nextToken: text,
  maxResults: whole,
})
const describeInput = v.looseObject({ serviceDeploymentArns: v.array(v.string()) })
const revisionsInput = v.looseObject({ serviceRevisionArns: v.array(v.string()) })
const continueInput = v.looseObject({
  serviceDeploymentArn: v.string(),
  hookId: v.string(),
  action: v.optional(v.picklist(['CONTINUE', 'ROLLBACK']), 'CONTINUE'),
})
const stopInput = v.looseObject({
  serviceDeploymentArn: v.string(),
  stopType: v.optional(v.picklist(['ABORT', 'ROLLBACK']), 'ROLLBACK'),
})

/** Newest first; up to 20 a page unless `maxResults` says otherwise. (ListServiceDeployments) */
export function listServiceDeployments(input: Input, call: Call, state: ServiceDeploymentState): Output {
  const request = readInput(listInput, input)
  const cluster = state.clusters.find(request.cluster)
  const known = state.services.find(cluster, request.service)
  call.authorize('ecs:ListServiceDeployments', state.services.arnOf(cluster, request.service), {
    'ecs:cluster': cluster.arn,
    ...resourceTagKeys(known?.tags ?? []),
  })
  const service = state.services.require(cluster, request.service)
  const { before = Number.POSITIVE_INFINITY, after = 0 } = request.createdAt ?? {}
  const listed = service.serviceDeployments.filter(({ status, createdAt }) => {
    const at = createdAt.getTime() / 1000
    return (request.status === undefined || request.status.includes(status)) && after < at && at < before
  })
  const byArn = new Map(listed.map((deployment) => [deployment.identity.arn, deployment]))
  const { page, nextToken } = pageOf([...byArn.keys()], request, { defaultSize: 20 })
  return pageOutput(
    'serviceDeployments',
    page.map((arn) => byArn.get(arn)?.brief()),
    nextToken,
  )
}

/** "You can specify a maximum of 20 ARNs." (DescribeServiceDeployments) */
export function describeServiceDeployments(input: Input, call: Call, state: ServiceDeploymentState): Output {
  const { serviceDeploymentArns: asked } = readInput(describeInput, input)
  checkCount(asked, 'serviceDeploymentArns')
  const serviceDeployments: Output[] = []
  const failures: Output[] = []
  for (const arn of asked) {
    authorizeOn(call, 'ecs:DescribeServiceDeployments', arn, state)
    const known = state.services.findDeployment(arn)
    if (known === undefined) failures.push({ arn, reason: 'MISSING' })
    else serviceDeployments.push(known.found.describe(known.service.desiredCount))
  }
  return { serviceDeployments, failures }
}

/** "You can specify a maximum of 20 ARNs." (DescribeServiceRevisions) */
export function describeServiceRevisions(input: Input, call: Call, state: ServiceDeploymentState): Output {
  const { serviceRevisionArns: asked } = readInput(revisionsInput, input)
  checkCount(asked, 'serviceRevisionArns')
  const revisions = new Map(
    state.services
      .all()
      .flatMap((service) =>
        service.history.map((deployment) => [deployment.revisionArn, { service, deployment }] as const),
      ),
  )
  const serviceRevisions: Output[] = []
  const failures: Output[] = []
  for (const arn of asked) {
    authorizeOn(call, 'ecs:DescribeServiceRevisions', arn, state)
    const known = revisions.get(arn)
    if (known === undefined) failures.push({ arn, reason: 'MISSING' })
    else serviceRevisions.push(describeRevision(known.deployment, known.service))
  }
  return { serviceRevisions, failures }
}

/**
 * "Continues or rolls back an Amazon ECS service deployment that is paused at a lifecycle hook." "You can continue a
 * deployment that has a pause hook in AWAITING_ACTION status. The deployment must be in the IN_PROGRESS state."
 * (ContinueServiceDeployment; Continuing service deployments)
 */
export function continueServiceDeployment(input: Input, call: Call, state: ServiceDeploymentState): Output {
  const { serviceDeploymentArn: arn, hookId, action } = readInput(continueInput, input)
  authorizeOn(call, 'ecs:ContinueServiceDeployment', arn, state)
  const known = requireDeployment(arn, state)
  const { service, found } = known
  const hook = found.hooks.find(({ id }) => id === hookId)
  if (hook === undefined) throw invalidParameter(`The service deployment has no lifecycle hook ${hookId}.`)
  if (found.status !== 'IN_PROGRESS' || hook.status !== 'AWAITING_ACTION') {
    throw invalidParameter(
      `The lifecycle hook ${hookId} is ${hook.status}, its deployment ${found.status}: neither waits.`,
    )
  }
  if (action === 'ROLLBACK') {
    rollBack(known, state, hookFailure)
    hook.status = 'FAILED'
  } else hook.status = 'SUCCEEDED'
  state.services.changed(service)
  return { serviceDeploymentArn: arn }
}

/** "Stops an ongoing service deployment." (StopServiceDeployment; Stopping Amazon ECS service deployments) */
export function stopServiceDeployment(input: Input, call: Call, state: ServiceDeploymentState): Output {
  const { serviceDeploymentArn: arn, stopType } = readInput(stopInput, input)
  authorizeOn(call, 'ecs:StopServiceDeployment', arn, state)
  const known = requireDeployment(arn, state)
  const { service, found } = known
  if (!found.ongoing) {
    throw new AwsError('ConflictException', `Service deployment ${arn} is ${found.status} and can not be stopped.`)
  }
  if (mayStillChange(found)) {
    if (stopType === 'ABORT') state.services.deployments.abort(service, found)
    else rollBack(known, state)
  }
  state.services.changed(service)
  return { serviceDeploymentArn: arn }
}

/** "ROLLBACK_IN_PROGRESS - The service deployment continues the rollback operation." (Stopping …, the same for others) */
function mayStillChange({ status }: ServiceDeployment): boolean {
  return status === 'PENDING' || status === 'IN_PROGRESS'
}

type KnownDeployment = NonNullable<ReturnType<Services['findDeployment']>>

function requireDeployment(arn: string, { services }: ServiceDeploymentState): KnownDeployment {
  const known = services.findDeployment(arn)
  if (known !== undefined) return known
  throw new AwsError('ServiceDeploymentNotFoundException', 'The service deployment could not be found.')
}

function rollBack(
  { service, found }: KnownDeployment,
  { services }: ServiceDeploymentState,
  why?: typeof hookFailure,
): void {
  const { deployments } = services
  const target = deployments.rollbackTarget(service)
  if (target === undefined) {
    throw invalidParameter('The service has no completed deployment to roll back to; stop it with ABORT or update it.')
  }
  deployments.rollBack(service, found, target, why)
}

function checkCount(asked: readonly string[], member: string): void {
  if (asked.length === 0) throw invalidParameter(`${member} cannot be empty.`)
  if (asked.length > 20) throw invalidParameter(`${member} cannot have more than 20 elements.`)
}

/** `service-deployment/<cluster>/<service>/<id>` and `service-revision/…` name their cluster and service. */
function authorizeOn(call: Call, action: string, arn: string, { clusters, services }: ServiceDeploymentState): void {
  const [, clusterName = '', serviceName = ''] = arn.split(':').at(-1)?.split('/') ?? []
  const clusterArn = arn.replace(/:service-\w+\/.*/, `:cluster/${clusterName}`)
  const cluster = clusters.withArn(clusterArn)
  const service = cluster && services.find(cluster, serviceName)
  call.authorize(action, arn, { 'ecs:cluster': clusterArn, ...resourceTagKeys(service?.tags ?? []) })
}
