import type { Task } from '@aws-sdk/client-ecs'
import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { findSameTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import { blocks, code, table } from '@deploy-kit/core/markdown'
import { stateOf } from './earlier-runs.ts'
import type { Inputs } from './inputs.ts'
import type { Launch } from './launch.ts'
import { refuseForeign } from './start.ts'

/**
 * What a run would do, by everything that was read and checked. Only reads are sent.
 *
 * @param own tasks of this key that ECS shows
 * @throws {ActionError} where a run would be refused
 */
export async function describePlan(
  launch: Launch,
  own: readonly Task[],
  { ecs, inputs }: { ecs: Ecs; inputs: Inputs },
  context: ActionContext,
): Promise<Verdict> {
  const { container, wanted, settings } = launch
  const command = inputs.command ? JSON.stringify(inputs.command) : "the definition's own"
  const run = `run ${await describeDefinition(launch, ecs, context)}, container ${container}, command ${command}, in cluster ${inputs.cluster}`
  const plan = describeEarlier(own, container, run) ?? run
  context.log.info(`dry run: would ${plan}`)
  const image = wanted.containerDefinitions.find(({ name }) => name === container)?.image ?? ''
  const capacity =
    settings.launchType ?? settings.capacityProviderStrategy?.map((one) => one.capacityProvider).join(', ')
  const subnets = settings.networkConfiguration?.awsvpcConfiguration?.subnets?.join(', ')
  context.setOutput('outcome', 'not-started')
  const rows = [
    ['Would', code(plan)],
    ['Image', code(image)],
    ['Capacity', code(capacity ?? "the cluster's default")],
    ['Subnets', code(subnets ?? 'none')],
  ]
  return { conclusion: 'success', headline: 'Dry run: nothing was run.', summary: blocks(table(['', ''], rows)) }
}

async function describeDefinition({ registered, wanted }: Launch, ecs: Ecs, { log }: ActionContext): Promise<string> {
  const same = registered ?? (await findSameTaskDefinition(ecs, wanted, { log }))
  return same ? `${same.family}:${same.revision}` : `a new revision of ${wanted.family}, which it would register`
}

/** What the tasks of earlier attempts change; undefined when they change nothing. */
function describeEarlier(own: readonly Task[], container: string, run: string): string | undefined {
  const ending = own.find((task) => stateOf(task, container) === 'ending')
  if (ending)
    return `wait until ${ending.taskArn} of an earlier attempt, which is being stopped, has ended; then, unless it ended well, ${run}`
  const running = own.find((task) => stateOf(task, container) === 'running')
  if (running) return `run nothing, and follow ${running.taskArn} of an earlier attempt, which is running`
  const succeeded = own.find((task) => stateOf(task, container) === 'succeeded')
  if (succeeded) return `run nothing: ${succeeded.taskArn} of an earlier attempt has succeeded`
  refuseForeign(own, container)
  return undefined
}
