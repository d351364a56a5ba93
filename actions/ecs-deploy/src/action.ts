import type { Service } from '@aws-sdk/client-ecs'
import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { checkRegion } from '@deploy-kit/core/aws/aws-client'
import { Deadline } from '@deploy-kit/core/deadline'
import { captureBaseline } from '@deploy-kit/core/ecs/baseline'
import { preferSteady } from '@deploy-kit/core/ecs/baseline-history'
import { createEcs, type Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { listStoppedTasks } from '@deploy-kit/core/ecs/failed-tasks'
import { describeServices } from '@deploy-kit/core/ecs/services'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import manifest from '../action.yml'
import { type DefinitionFiles, readDefinitionFiles } from './definition-files.ts'
import { planService, type ServicePlan } from './deploy-plan.ts'
import { dryRunVerdict } from './dry-run.ts'
import { checkTogether, fields, type Inputs } from './inputs.ts'
import { describePlan } from './plan-description.ts'
import { rollServices } from './roll.ts'

export const action = defineAction({
  name: 'ecs-deploy',
  manifest,
  fields,
  check: checkTogether,
  checkAgainstFiles: checkRegion,
  main: deploy,
})

async function deploy(inputs: Inputs, context: ActionContext): Promise<Verdict> {
  const deadline = new Deadline(inputs.timeout, context.clock)
  try {
    const files = await readDefinitionFiles(inputs, context)
    const ecs = await createEcs(inputs, context, deadline)
    const plans = await planServices(inputs, files, ecs, context)
    context.log.group(
      `Plan for ${plans.length === 1 ? '1 service' : `${plans.length} services`} in cluster ${inputs.cluster}`,
      plans.map(describePlan),
    )
    if (inputs.dryRun) return dryRunVerdict(plans, context)
    return await rollServices(plans, { inputs, ecs, deadline, context })
  } catch (error) {
    if (!(error instanceof CancelledError)) {
      context.setOutput('outcome', deadline.passed() ? 'timed-out' : 'failed')
      throw error
    }
    context.setOutput('outcome', 'cancelled')
    return { conclusion: 'cancelled', headline: 'Cancelled before anything was changed', summary: '' }
  } finally {
    context.setOutput('elapsed-ms', Math.round(deadline.elapsedMs()))
  }
}

/** Services that are planned at the same time: each takes a few reads, and all of them share ECS's rates. */
const AT_ONCE = 5

/** Every read and check, and the baseline: all that comes before the first change. */
async function planServices(
  inputs: Inputs,
  files: DefinitionFiles,
  ecs: Ecs,
  context: ActionContext,
): Promise<readonly ServicePlan[]> {
  const names = inputs.services.map((order) => order.service)
  const services = await describeServices(ecs, inputs.cluster, names)
  checkExisting(names, services, inputs.cluster)
  const baseline = captureBaseline(inputs.cluster, services, context.clock.date())
  context.setOutput('baseline', await preferSteady(ecs, baseline))
  const plans: ServicePlan[] = []
  for (let index = 0; index < inputs.services.length; index += AT_ONCE) {
    const planned = inputs.services
      .slice(index, index + AT_ONCE)
      .map((order) => planService(order, services.get(order.service) as Service, { inputs, files, ecs, context }))
    plans.push(...(await Promise.all(planned)))
  }
  // The permission to see dead tasks is needed later: whoever lacks it learns so before anything is changed.
  if (inputs.wait && names[0] !== undefined) await listStoppedTasks(ecs, inputs.cluster, names[0])
  return plans
}

function checkExisting(names: readonly string[], services: ReadonlyMap<string, Service>, cluster: string): void {
  const problems = names.flatMap((name) => {
    const status = services.get(name)?.status
    if (status === undefined) return [`${name} does not exist`]
    return status === 'ACTIVE' ? [] : [`${name} is ${status}: it was deleted`]
  })
  if (problems.length === 0) return
  throw new ActionError('not-found', `Cluster ${cluster}: ${problems.join('; ')}.`, {
    advice:
      'Check the names of services and cluster, and that aws-region and the account are the ones that are meant. Nothing was changed.',
  })
}
