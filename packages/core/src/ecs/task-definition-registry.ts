import {
  DescribeTaskDefinitionCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs'
import { ActionError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Ecs } from './ecs-client.ts'
import { readTaskDefinition, type TaskDefinition, type TaskDefinitionInput } from './task-definition.ts'
import { isSameTaskDefinition } from './task-definition-equality.ts'
import { sendForJson, sendJson } from './wire-json.ts'

/** How many of a family's newest revisions are looked at for one that is already what is wanted. */
const LOOK_BACK = 5

/**
 * A revision with its tags and with members that the SDK does not know.
 *
 * @param name `family` (its latest ACTIVE revision), `family:revision` or an ARN
 * @throws {ActionError} not-found when there is none
 */
export async function describeTaskDefinition(ecs: Ecs, name: string): Promise<TaskDefinition> {
  const found = await findTaskDefinition(ecs, name)
  if (found !== undefined) return found
  throw new ActionError('not-found', `There is no task definition ${name} in this account and region.`, {
    advice: 'Check the name, and that aws-region and the account are the ones that are meant.',
  })
}

/** The same, or undefined when there is none. */
export async function findTaskDefinition(ecs: Ecs, name: string): Promise<TaskDefinition | undefined> {
  return ecs.caller.call({
    operation: 'ecs:DescribeTaskDefinition',
    subject: `task definition ${name}`,
    send: async (signal) => {
      const command = new DescribeTaskDefinitionCommand({ taskDefinition: name, include: ['TAGS'] })
      return readTaskDefinition(await sendForJson(ecs.client, command, signal)) as TaskDefinition | undefined
    },
    // ECS has no code of its own for it: "ClientException: Unable to describe task definition."
    recover: (error, code) =>
      code === 'ClientException' && (error as Error).message.startsWith('Unable to describe task definition')
        ? Promise.resolve(undefined)
        : undefined,
  })
}

/**
 * The revision that is exactly `wanted`: one that exists and is ACTIVE, else a new one.
 *
 * @param known revisions that were read already and are looked at first
 */
export async function ensureTaskDefinition(
  ecs: Ecs,
  wanted: TaskDefinitionInput,
  options: { known?: readonly TaskDefinition[]; log: Log },
): Promise<{ definition: TaskDefinition; registered: boolean }> {
  const same = await findSameTaskDefinition(ecs, wanted, options)
  if (same !== undefined) return { definition: same, registered: false }
  return { definition: await registerTaskDefinition(ecs, wanted), registered: true }
}

/** The newest ACTIVE revision of the family that is exactly `wanted`, among `known` and the family's last five. */
export async function findSameTaskDefinition(
  ecs: Ecs,
  wanted: TaskDefinitionInput,
  options: { known?: readonly TaskDefinition[]; log: Log },
): Promise<TaskDefinition | undefined> {
  const { known = [], log } = options
  const matches = (candidate: TaskDefinition): boolean =>
    candidate.status === 'ACTIVE' && isSameTaskDefinition(candidate.input, wanted)
  const atHand = known.find(matches)
  if (atHand !== undefined) return atHand
  const newest = await listNewestRevisions(ecs, wanted.family, log)
  const unread = newest.filter((arn) => !known.some((candidate) => candidate.arn === arn))
  const candidates = await Promise.all(unread.map((arn) => findTaskDefinition(ecs, arn)))
  return candidates.find((candidate) => candidate !== undefined && matches(candidate))
}

async function listNewestRevisions(ecs: Ecs, family: string, log: Log): Promise<readonly string[]> {
  return ecs.caller.call({
    operation: 'ecs:ListTaskDefinitions',
    subject: `family ${family}`,
    send: async (abortSignal) => {
      const command = new ListTaskDefinitionsCommand({ familyPrefix: family, sort: 'DESC', maxResults: LOOK_BACK })
      return (await ecs.client.send(command, { abortSignal })).taskDefinitionArns ?? []
    },
    recover: (error, code) => {
      if (code !== 'AccessDeniedException') return undefined
      log.debug(`ecs:ListTaskDefinitions is denied (${(error as Error).message}); only the latest revision is compared`)
      return findTaskDefinition(ecs, family).then((latest) => (latest === undefined ? [] : [latest.arn]))
    },
  })
}

/**
 * Registers a new revision. When an answer was lost, the latest revision is looked at before another one is registered:
 * the first request may have done its work.
 */
export function registerTaskDefinition(ecs: Ecs, wanted: TaskDefinitionInput): Promise<TaskDefinition> {
  let sent = false
  return ecs.caller.call({
    operation: 'ecs:RegisterTaskDefinition',
    subject: `family ${wanted.family}`,
    send: async (signal) => {
      if (sent) {
        const latest = await findTaskDefinition(ecs, wanted.family)
        if (latest !== undefined && isSameTaskDefinition(latest.input, wanted)) return latest
      }
      sent = true
      const command = new RegisterTaskDefinitionCommand({ family: wanted.family, containerDefinitions: [] })
      const answer = await sendJson(ecs.client, command, wanted, signal)
      return readTaskDefinition({ tags: wanted.tags, ...answer })
    },
  })
}
