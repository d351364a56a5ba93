import type { Service } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import { primaryDeployment } from '@deploy-kit/core/ecs/baseline'
import { findForeignController } from '@deploy-kit/core/ecs/deployment-controller'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { findServiceDeployment, hasNativeStrategy } from '@deploy-kit/core/ecs/native-strategy'
import {
  chooseContainer,
  mergeEnvironment,
  replaceImage,
  type TaskDefinition,
  type TaskDefinitionInput,
} from '@deploy-kit/core/ecs/task-definition'
import { describeTaskDefinition, findSameTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import { ActionError } from '@deploy-kit/core/errors'
import type { DefinitionFiles } from './definition-files.ts'
import type { Inputs } from './inputs.ts'
import type { ServiceOrder } from './services-input.ts'

/** What is to become of one service. */
export interface ServicePlan {
  readonly name: string
  readonly service: Service
  readonly current: TaskDefinition
  /** What the service shall run. */
  readonly wanted: TaskDefinitionInput
  /** The revision that already is exactly that; without one, it is registered. */
  readonly revision: TaskDefinition | undefined
  readonly step: PlanStep
}

export type PlanStep =
  | { readonly kind: 'nothing' }
  /** It is being rolled out already, by an earlier attempt of this job for example: it is followed. */
  | { readonly kind: 'follow'; readonly deploymentId: string }
  | { readonly kind: 'update'; readonly force: boolean }

/** Reads what is needed to know what would be changed. Changes nothing. */
export async function planService(
  order: ServiceOrder,
  service: Service,
  from: { inputs: Inputs; files: DefinitionFiles; ecs: Ecs; context: ActionContext },
): Promise<ServicePlan> {
  const { inputs, ecs, context } = from
  checkDeployable(order.service, service)
  const current = await describeTaskDefinition(ecs, service.taskDefinition ?? '')
  const base = await readBase(order, current, from)
  const wanted = applyChanges(base.input, order, inputs)
  const known = [current, ...(base.revision === undefined ? [] : [base.revision])]
  const revision = await findSameTaskDefinition(ecs, wanted, { known, log: context.log })
  const inFlight = revision !== undefined && (await isInFlight(order.service, service, revision, from))
  return { name: order.service, service, current, wanted, revision, step: chooseStep(service, revision, inFlight) }
}

/** @throws {ActionError} wrong-state when deployments of the service are not made by UpdateService */
function checkDeployable(name: string, service: Service): void {
  const foreign = findForeignController(service)
  if (foreign === undefined) return
  throw new ActionError('wrong-state', `The service ${name} ${foreign.problem}.`, {
    advice: `${foreign.instead} Nothing was changed.`,
  })
}

async function readBase(
  order: ServiceOrder,
  current: TaskDefinition,
  from: { inputs: Inputs; files: DefinitionFiles; ecs: Ecs },
): Promise<{ input: TaskDefinitionInput; revision: TaskDefinition | undefined }> {
  const given = order.taskDefinition ?? from.inputs.taskDefinition
  if (given === undefined) return { input: current.input, revision: current }
  const file = from.files.get(given)
  if (file !== undefined) return { input: file, revision: undefined }
  const revision = await describeTaskDefinition(from.ecs, given)
  return { input: revision.input, revision }
}

function applyChanges(base: TaskDefinitionInput, order: ServiceOrder, inputs: Inputs): TaskDefinitionInput {
  const images = order.image === undefined ? inputs.image : new Map([['', order.image]])
  let wanted = base
  for (const [container, image] of images) {
    const { name } = chooseContainer(base, container === '' ? order.container : container)
    wanted = replaceImage(wanted, name, image)
  }
  if (inputs.environment.length === 0) return wanted
  const { name } = chooseContainer(base, order.container ?? onlyNamed(images))
  return mergeEnvironment(wanted, name, inputs.environment)
}

/** When one container is named for its image, the environment is meant for it as well. */
function onlyNamed(images: Inputs['image']): string | undefined {
  const [only] = images.keys()
  return images.size === 1 && only !== '' ? only : undefined
}

/** Whether what is wanted is on its way already; for ECS's own strategies only the service deployment says so. */
async function isInFlight(
  name: string,
  service: Service,
  revision: TaskDefinition,
  { inputs, ecs }: { inputs: Inputs; ecs: Ecs },
): Promise<boolean> {
  if (!hasNativeStrategy(service)) return primaryDeployment(service)?.rolloutState === 'IN_PROGRESS'
  const change = { service: name, taskDefinition: revision.arn }
  const deployment = await findServiceDeployment(ecs, inputs.cluster, change)
  return deployment?.status === 'PENDING' || deployment?.status === 'IN_PROGRESS'
}

function chooseStep(service: Service, revision: TaskDefinition | undefined, inFlight: boolean): PlanStep {
  const primary = primaryDeployment(service)
  if (revision === undefined || primary?.taskDefinition !== revision.arn) return { kind: 'update', force: false }
  if (inFlight && primary.id !== undefined) {
    return { kind: 'follow', deploymentId: primary.id }
  }
  // A failed deployment of the same revision starts anew only when it is forced.
  if (primary.rolloutState === 'FAILED') return { kind: 'update', force: true }
  return { kind: 'nothing' }
}
