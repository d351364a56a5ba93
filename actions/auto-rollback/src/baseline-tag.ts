import { ListTagsForResourceCommand, type Service, TagResourceCommand } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { EcsBaseline, ServiceBaseline } from '@deploy-kit/core/ecs/baseline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { shortName } from '@deploy-kit/core/ecs/names'
import { ActionError } from '@deploy-kit/core/errors'

/** One tag with everything in it, so that it changes all at once. */
const KEY = 'deploy-kit:baseline'
/** ECS API, Tag: values have up to 256 characters, of letters, digits, blanks and + - = . _ : / @. */
const LONGEST = 256

/** What a guard left on a service. */
export interface PersistedBaseline {
  readonly baseline: ServiceBaseline
  /** Of the guard's job: `<run id>/<run attempt>`. */
  readonly run: string
  readonly capturedAt: string
}

/** A run may be started again: the attempt tells what its guards left from what an earlier one's did. */
export function nameRun(runId: string, runAttempt: string): string {
  return `${runId || 'local'}/${runAttempt}`
}

/** Writes `family:revision deployment run capturedAt` on each service, where it outlives the runner. */
export async function persistBaseline(
  baseline: EcsBaseline,
  services: ReadonlyMap<string, Service>,
  ecs: Ecs,
  context: ActionContext,
): Promise<void> {
  for (const entry of baseline.services) {
    const value = [
      shortName(entry.taskDefinition),
      entry.deploymentId,
      nameRun(context.run.runId, context.run.runAttempt),
      baseline.capturedAt,
    ].join(' ')
    if (value.length > LONGEST) {
      throw new ActionError(
        'wrong-state',
        `persist: the baseline of ${entry.service} is too long for a tag (${value.length} of ${LONGEST} characters).`,
        {
          advice: 'Hand the output baseline to the job that cleans up, and leave persist out.',
        },
      )
    }
    const resourceArn = services.get(entry.service)?.serviceArn ?? ''
    await ecs.caller.call({
      operation: 'ecs:TagResource',
      subject: `service ${entry.service}`,
      send: (abortSignal) =>
        ecs.client.send(new TagResourceCommand({ resourceArn, tags: [{ key: KEY, value }] }), { abortSignal }),
    })
  }
}

/** Reads what a guard left; undefined when there is none on the service. */
export async function readPersistedBaseline(
  name: string,
  service: Service,
  ecs: Ecs,
): Promise<PersistedBaseline | undefined> {
  const resourceArn = service.serviceArn ?? ''
  const tags = await ecs.caller.call({
    operation: 'ecs:ListTagsForResource',
    subject: `service ${name}`,
    send: async (abortSignal) =>
      (await ecs.client.send(new ListTagsForResourceCommand({ resourceArn }), { abortSignal })).tags ?? [],
  })
  const value = tags.find((tag) => tag.key === KEY)?.value
  if (value === undefined) return undefined
  const [definition = '', deploymentId = '', run = '', capturedAt = ''] = value.split(' ')
  if (!/^[\w-]+:\d+$/.test(definition) || Number.isNaN(Date.parse(capturedAt))) {
    throw new ActionError(
      'wrong-state',
      `The tag ${KEY} of the service ${name} is not one that a guard wrote: '${value}'.`,
      {
        advice: 'Remove the tag, or give the baseline as an input.',
      },
    )
  }
  // A revision's ARN is the service's task definition's own, with another name at its end.
  const current = service.taskDefinition ?? ''
  const taskDefinition = `${current.slice(0, current.lastIndexOf('/') + 1)}${definition}`
  return { baseline: { service: name, taskDefinition, deploymentId, steady: true }, run, capturedAt }
}
