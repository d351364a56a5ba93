import type { Service } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import { captureBaseline, type EcsBaseline } from '@deploy-kit/core/ecs/baseline'
import { preferSteady } from '@deploy-kit/core/ecs/baseline-history'
import { findForeignController } from '@deploy-kit/core/ecs/deployment-controller'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { listSome, shortName } from '@deploy-kit/core/ecs/names'
import { describeServices } from '@deploy-kit/core/ecs/services'
import { ActionError } from '@deploy-kit/core/errors'
import { code, table } from '@deploy-kit/core/markdown'
import { persistBaseline } from './baseline-tag.ts'
import type { Inputs } from './inputs.ts'

/** What a guard remembers, and what it says about it. */
export interface Armed<B> {
  readonly baseline: B
  readonly headline: string
  readonly summary: string
}

/** Remembers what ECS services run. */
export async function captureServices(inputs: Inputs, ecs: Ecs, context: ActionContext): Promise<Armed<EcsBaseline>> {
  const { cluster = '' } = inputs
  const names = inputs.services.map(({ service }) => service)
  const services = await describeServices(ecs, cluster, names)
  checkRestorable(cluster, names, services)
  const baseline = await preferSteady(ecs, captureBaseline(cluster, services, context.clock.date()))
  for (const { service, taskDefinition, steady } of baseline.services) {
    if (steady) continue
    context.log.warning(
      `${service} has no deployment that has completed. What is remembered is ${shortName(taskDefinition)}, which is not known to work.`,
    )
  }
  if (inputs.persist === 'tag' && !inputs.dryRun) await persistBaseline(baseline, services, ecs, context)
  const rows = baseline.services.map(({ service, taskDefinition }) => [code(service), code(shortName(taskDefinition))])
  const list = baseline.services.map(({ service, taskDefinition }) => `${service} (${shortName(taskDefinition)})`)
  return {
    baseline,
    headline: announceArming(list, inputs),
    summary: table(['service', 'put back if the job fails'], rows),
  }
}

/** What a guard is going to do: with `dry-run`, only to say what it would. */
export function announceArming(
  what: readonly string[],
  { dryRun, persist }: Pick<Inputs, 'dryRun' | 'persist'>,
): string {
  const when = `if this job fails or is cancelled, ${listSome(what)}`
  if (!dryRun) return `Armed: ${when} ${what.length === 1 ? 'is' : 'are'} put back`
  const tag = persist === 'tag' ? ', and the baseline would be kept on a tag' : ''
  return `Dry run: ${when} would be put back${tag}. Nothing is going to be changed`
}

/** A guard that could not do its work later says so now. */
export function checkRestorable(
  cluster: string,
  names: readonly string[],
  services: ReadonlyMap<string, Service>,
): void {
  const advice = new Set<string>()
  const problems = names.flatMap((name) => {
    const service = services.get(name)
    if (service?.status === 'ACTIVE') {
      const foreign = findForeignController(service)
      if (foreign !== undefined) advice.add(foreign.instead)
      return foreign === undefined ? [] : [`${name} ${foreign.problem}`]
    }
    advice.add(
      'Check the names of services and cluster, and that aws-region and the account are the ones that are meant.',
    )
    return [service === undefined ? `${name} does not exist` : `${name} is ${service.status}: it was deleted`]
  })
  if (problems.length === 0) return
  throw new ActionError('not-found', `Cluster ${cluster}: ${problems.join('; ')}.`, {
    advice: [...advice, 'Nothing was changed.'].join(' '),
  })
}
