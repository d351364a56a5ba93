import { readFile } from 'node:fs/promises'
import type { Service } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { EcsBaseline } from '@deploy-kit/core/ecs/baseline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { describeServices } from '@deploy-kit/core/ecs/services'
import { ActionError } from '@deploy-kit/core/errors'
import { nameRun, readPersistedBaseline } from './baseline-tag.ts'
import { checkRestorable } from './guard.ts'
import type { Inputs } from './inputs.ts'
import { parseEcsBaseline } from './saved-baseline.ts'
import { findVersion } from './version-search.ts'

/** What mode rollback goes back to; `explicit` when somebody named it rather than a guard or ecs-deploy. */
export type RollbackTarget =
  | { readonly baseline: EcsBaseline; readonly explicit: boolean }
  | { readonly nothing: string }

/** Finds what `baseline` and `to` mean. Reads only. */
export async function chooseTarget(inputs: Inputs, ecs: Ecs, context: ActionContext): Promise<RollbackTarget> {
  if (inputs.baseline !== undefined) {
    return { baseline: selectServices(parseEcsBaseline(inputs.baseline), inputs), explicit: false }
  }
  const { cluster = '' } = inputs
  const names = inputs.services.map(({ service }) => service)
  const services = await describeServices(ecs, cluster, names)
  checkRestorable(cluster, names, services)
  if (inputs.to === 'baseline') return await readTags(cluster, services, ecs, context)
  const entries = await Promise.all(
    [...services].map(async ([name, service]) => ({
      service: name,
      taskDefinition: await findVersion(inputs.to, { cluster, name, service }, ecs),
      deploymentId: '',
      steady: true,
    })),
  )
  const capturedAt = context.clock.date().toISOString()
  return { baseline: { version: 1, kind: 'ecs', cluster, capturedAt, services: entries }, explicit: true }
}

/** The services that are asked for, of those that the baseline has (inputs.ts checks that it has them). */
function selectServices(baseline: EcsBaseline, { services }: Inputs): EcsBaseline {
  if (services.length === 0) return baseline
  return {
    ...baseline,
    services: baseline.services.filter((entry) => services.some(({ service }) => service === entry.service)),
  }
}

async function readTags(
  cluster: string,
  services: ReadonlyMap<string, Service>,
  ecs: Ecs,
  context: ActionContext,
): Promise<RollbackTarget> {
  const triggeringRun = await readTriggeringRun(context)
  const found = await Promise.all(
    [...services].map(async ([name, service]) => {
      const left = await readPersistedBaseline(name, service, ecs)
      return { name, left: triggeringRun === undefined || left?.run === triggeringRun ? left : undefined }
    }),
  )
  const usable = found.flatMap(({ left }) => left ?? [])
  const without = found.filter(({ left }) => left === undefined).map(({ name }) => name)
  if (triggeringRun === undefined && without.length > 0) {
    throw new ActionError('not-found', `No guard has left a baseline on ${without.join(', ')}.`, {
      advice:
        'Arm auto-rollback with persist: tag, give a baseline, or say to which version with to. Nothing was changed.',
    })
  }
  // A run that died before its guard was armed has deployed nothing that a guard would answer for.
  const absent = `run ${triggeringRun} left no baseline. It ended before its guard was armed, or a later run's guard has been armed since`
  if (usable.length === 0) return { nothing: `Nothing to clean up: ${absent}` }
  if (without.length > 0) context.log.info(`${without.join(', ')}: nothing to clean up: ${absent}`)
  for (const { baseline, run, capturedAt } of usable) {
    context.log.info(`${baseline.service}: using the baseline that run ${run} left at ${capturedAt}`)
  }
  const [capturedAt = ''] = usable.map((left) => left.capturedAt).toSorted()
  const entries = usable.map((left) => left.baseline)
  return { baseline: { version: 1, kind: 'ecs', cluster, capturedAt, services: entries }, explicit: false }
}

/**
 * The run that a `workflow_run` workflow follows. Its clean-up must not use the baseline of an older run, which would
 * undo every good release since ("Events that trigger workflows: workflow_run", GitHub Docs).
 */
async function readTriggeringRun({ environment }: ActionContext): Promise<string | undefined> {
  if (environment.GITHUB_EVENT_NAME !== 'workflow_run') return undefined
  const event = JSON.parse(await readFile(environment.GITHUB_EVENT_PATH ?? '', 'utf8')) as {
    workflow_run?: { id?: number; run_attempt?: number }
  }
  const { id = '', run_attempt = 1 } = event.workflow_run ?? {}
  return nameRun(String(id), String(run_attempt))
}
