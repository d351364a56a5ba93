import type { Service } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { primaryDeployment, type ServiceBaseline } from '@deploy-kit/core/ecs/baseline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { recordDeployment } from '@deploy-kit/core/ecs/job-record'
import { shortName } from '@deploy-kit/core/ecs/names'
import type { Change } from '@deploy-kit/core/ecs/rollout-progress'
import {
  findOngoingDeployment,
  ifAnsweredSoon,
  readRevisionDefinitions,
  stopWithRollback,
} from '@deploy-kit/core/ecs/service-deployments'
import { updateService } from '@deploy-kit/core/ecs/service-update'
import { ensureTaskDefinition, findTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import { ActionError } from '@deploy-kit/core/errors'

interface Order {
  readonly baseline: ServiceBaseline
  readonly service: Service
  readonly inFlight: boolean
}

interface Tools {
  readonly ecs: Ecs
  readonly context: ActionContext
  readonly deadline: Deadline
  readonly baseline: { readonly cluster: string }
}

/** Asks ECS to bring the baseline back: by stopping what is in flight, else by an update. */
export async function restoringCall(order: Order, tools: Tools): Promise<Change> {
  const { context, deadline, ecs } = tools
  const stopped = order.inFlight
    ? await ifAnsweredSoon(ecs, { signal: context.signal, deadline }, (soon) =>
        stopInFlight(order, { ...tools, ecs: soon }),
      )
    : undefined
  return stopped ?? (await updateBack(order, tools))
}

/**
 * ECS goes back to what ran before the deployment that is stopped. That is the baseline only if nothing else was
 * deployed in between; if it is not, the service is updated.
 */
async function stopInFlight({ baseline, service }: Order, tools: Tools): Promise<Change | undefined> {
  const { ecs, context } = tools
  const ongoing = await findOngoingDeployment(ecs, tools.baseline.cluster, baseline.service)
  if (ongoing?.serviceDeploymentArn === undefined) return undefined
  const sources = (ongoing.sourceServiceRevisions ?? []).flatMap((revision) => revision.arn ?? [])
  const definitions = [...(await readRevisionDefinitions(ecs, sources)).values()]
  if (definitions.length === 0 || definitions.some((one) => one !== baseline.taskDefinition)) return undefined
  const before = (service.deployments ?? []).flatMap((deployment) => deployment.id ?? [])
  const { taskDefinition } = baseline
  await recordDeployment(context, { serviceArn: service.serviceArn ?? baseline.service, taskDefinition, before })
  if (!(await stopWithRollback(ecs, ongoing.serviceDeploymentArn))) return undefined
  context.log.info(
    `${baseline.service}: the deployment in flight was stopped, and ECS goes back to ${shortName(taskDefinition)}`,
  )
  return { service: baseline.service, taskDefinition, before, reverts: ongoing.serviceDeploymentArn }
}

async function updateBack({ baseline, service }: Order, tools: Tools): Promise<Change> {
  const { ecs, context } = tools
  const request = { cluster: tools.baseline.cluster, name: baseline.service, service }
  const isSame = primaryDeployment(service)?.taskDefinition === baseline.taskDefinition
  try {
    const change = await updateService(ecs, context, {
      ...request,
      taskDefinition: baseline.taskDefinition,
      // The same revision is deployed anew only when that is forced.
      force: isSame,
    })
    context.log.info(
      `${baseline.service}: ${shortName(baseline.taskDefinition)} was requested (${change.deploymentId})`,
    )
    return change
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== 'refused') throw error
    // The usual reason is that the revision was deregistered meanwhile. The refused request comes first all the same:
    // where it works, nothing was lost by looking.
    const again = await registerAgain(baseline, tools)
    if (again === undefined) throw error
    return await updateService(ecs, context, { ...request, taskDefinition: again })
  }
}

/** @returns the revision that is the same as the INACTIVE one; undefined when that is not the reason */
async function registerAgain(baseline: ServiceBaseline, { ecs, context }: Tools): Promise<string | undefined> {
  const definition = await findTaskDefinition(ecs, baseline.taskDefinition)
  if (definition === undefined || definition.status === 'ACTIVE') return undefined
  const { definition: again } = await ensureTaskDefinition(ecs, definition.input, { log: context.log })
  context.log.info(
    `${baseline.service}: ${shortName(definition.arn)} is ${definition.status}; ${shortName(again.arn)} is the same and takes its place`,
  )
  return again.arn
}
