import { ListTaskDefinitionsCommand, type Service, type TaskDefinitionStatus } from '@aws-sdk/client-ecs'
import { primaryDeployment } from '@deploy-kit/core/ecs/baseline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { shortName } from '@deploy-kit/core/ecs/names'
import { listServiceDeployments, readRevisionDefinitions } from '@deploy-kit/core/ecs/service-deployments'
import type { TaskDefinition } from '@deploy-kit/core/ecs/task-definition'
import { describeTaskDefinition, findTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import { ActionError } from '@deploy-kit/core/errors'

interface About {
  readonly cluster: string
  readonly name: string
  readonly service: Service
}

/** How many of a family's revisions are looked through for an image tag. */
const LOOK_BACK = 100
/** DescribeTaskDefinition has a rate, too. */
const AT_ONCE = 10

/**
 * The task definition that `to` means for a service: `previous`, a task definition, or an image tag or git sha.
 *
 * @throws {ActionError} not-found, saying what there is
 */
export async function findVersion(to: string, about: About, ecs: Ecs): Promise<string> {
  if (to === 'previous') return await findPrevious(about, ecs)
  // No tag and no sha has a colon; a family alone could be taken for a tag and is not a version.
  if (to.includes(':')) return (await describeTaskDefinition(ecs, to)).arn
  return await findByImageTag(to, about, ecs)
}

/** The revision that was the last to reach steady state before the one that runs: from deployments, not from numbers. */
async function findPrevious({ cluster, name, service }: About, ecs: Ecs): Promise<string> {
  const current = primaryDeployment(service)?.taskDefinition
  const deployments = await listServiceDeployments(ecs, { cluster, service: name, status: ['SUCCESSFUL'] })
  const revisions = deployments.flatMap((deployment) => deployment.targetServiceRevisionArn ?? [])
  const definitions = await readRevisionDefinitions(ecs, revisions)
  for (const revision of revisions) {
    const definition = definitions.get(revision)
    if (definition !== undefined && definition !== current) return definition
  }
  throw new ActionError(
    'not-found',
    `The service ${name} has no earlier deployment that reached steady state; it runs ${shortName(current)}. ECS keeps deployments for 90 days.`,
    { advice: 'Say to which task definition or image tag with to. Nothing was changed.' },
  )
}

async function findByImageTag(tag: string, { name, service }: About, ecs: Ecs): Promise<string> {
  const current = await describeTaskDefinition(ecs, service.taskDefinition ?? '')
  if (versionsOf(current).includes(tag)) return current.arn
  const isShortSha = /^[0-9a-f]{7,39}$/.test(tag)
  const seen: TaskDefinition[] = []
  // A deregistered one still says what it was; it is registered again when it is needed.
  for (const status of ['ACTIVE', 'INACTIVE'] as const) {
    const found: TaskDefinition[] = []
    const arns = await listRevisions(ecs, current.family, status)
    for (let index = 0; index < arns.length; index += AT_ONCE) {
      const batch = await Promise.all(arns.slice(index, index + AT_ONCE).map((arn) => findTaskDefinition(ecs, arn)))
      const definitions = batch.filter((definition) => definition !== undefined)
      seen.push(...definitions)
      found.push(...definitions.filter((definition) => findMatch(definition, tag) !== undefined))
      // A tag is of one version, whichever revision has it; what else begins like a sha is only known at the end.
      if (found.length > 0 && !isShortSha) break
    }
    const chosen = chooseMatch(found, tag, current)
    if (chosen !== undefined) return chosen.arn
  }
  const newest = [...new Set(seen.map((definition) => definition.input.containerDefinitions[0]?.image))].slice(0, 5)
  throw new ActionError(
    'not-found',
    `No revision of ${current.family}, which the service ${name} runs, has an image with the tag ${tag}. The newest have ${newest.join(', ')}.`,
    { advice: 'Name one of these tags, or deploy the image with ecs-deploy. Nothing was changed.' },
  )
}

/**
 * The newest that is found, but what runs already where that is of the same version.
 *
 * @throws {ActionError} bad-input when it is the beginning of several shas
 */
function chooseMatch(
  found: readonly TaskDefinition[],
  tag: string,
  current: TaskDefinition,
): TaskDefinition | undefined {
  const exact = found.find((definition) => findMatch(definition, tag) === tag)
  const versions = [...new Set(found.map((definition) => findMatch(definition, tag)))]
  if (exact !== undefined) return exact
  if (versions.length <= 1) return found.find((definition) => definition.arn === current.arn) ?? found[0]
  throw new ActionError('bad-input', `to: ${tag} is the beginning of several shas: ${versions.join(', ')}.`, {
    advice: 'Give more of its digits. Nothing was changed.',
  })
}

/** The version of a definition that `wanted` names: itself, or the sha that it is the beginning of, as git has it. */
function findMatch(definition: TaskDefinition, wanted: string): string | undefined {
  const isSha = /^[0-9a-f]{7,40}$/.test(wanted)
  const versions = versionsOf(definition)
  if (versions.includes(wanted)) return wanted
  return versions.find((version) => isSha && /^[0-9a-f]{40}$/.test(version) && version.startsWith(wanted))
}

/** The image tags of the only essential container; of all, when there are several: a sidecar's is another thing's version. */
function versionsOf({ input: { containerDefinitions } }: TaskDefinition): string[] {
  const essential = containerDefinitions.filter((container) => container.essential !== false)
  const asked = essential.length === 1 ? essential : containerDefinitions
  return asked.flatMap(({ image }) => /:([\w.-]+)(?:@.*)?$/.exec(image)?.[1] ?? [])
}

async function listRevisions(ecs: Ecs, family: string, status: TaskDefinitionStatus): Promise<readonly string[]> {
  return ecs.caller.call({
    operation: 'ecs:ListTaskDefinitions',
    subject: `family ${family}`,
    send: async (abortSignal) => {
      const command = new ListTaskDefinitionsCommand({
        familyPrefix: family,
        status,
        sort: 'DESC',
        maxResults: LOOK_BACK,
      })
      return (await ecs.client.send(command, { abortSignal })).taskDefinitionArns ?? []
    },
  })
}
