import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import { blocks, code, table } from '@deploy-kit/core/markdown'
import { stateOf, type Visible } from './earlier-runs.ts'
import type { Inputs } from './inputs.ts'
import type { Launch } from './launch.ts'

/** What a run would do, by everything that was read and checked. */
export function describePlan(launch: Launch, { own }: Visible, inputs: Inputs, context: ActionContext): Verdict {
  const { container, registered, wanted, settings } = launch
  const definition = registered
    ? `${registered.family}:${registered.revision}`
    : `a revision of ${wanted.family} that is reused or registered`
  const command = inputs.command ? JSON.stringify(inputs.command) : "the definition's own"
  const found = own.find((task) => stateOf(task, container) !== 'failed')
  const plan =
    found === undefined
      ? `run ${definition}, container ${container}, command ${command}, in cluster ${inputs.cluster}`
      : `not run anything: ${found.taskArn} of an earlier attempt is ${stateOf(found, container)}`
  context.log.info(`dry run: would ${plan}`)
  const image = wanted.containerDefinitions.find(({ name }) => name === container)?.image ?? ''
  const capacity =
    settings.launchType ?? settings.capacityProviderStrategy?.map((one) => one.capacityProvider).join(', ')
  const subnets = settings.networkConfiguration?.awsvpcConfiguration?.subnets?.join(', ')
  const rows = [
    ['Would', code(plan)],
    ['Image', code(image)],
    ['Capacity', code(capacity ?? "the cluster's default")],
    ['Subnets', code(subnets ?? 'none')],
  ]
  return { conclusion: 'success', headline: 'Dry run: nothing was run.', summary: blocks(table(['', ''], rows)) }
}
