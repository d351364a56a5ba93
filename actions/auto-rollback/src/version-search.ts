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
  if (hasImageTag(current, tag)) return current.arn
  const seen: string[] = []
  // A deregistered one still says what it was; it is registered again when it is needed.
  for (const status of ['ACTIVE', 'INACTIVE'] as const) {
    const arns = await listRevisions(ecs, current.family, status)
    for (let index = 0; index < arns.length; index += AT_ONCE) {
      const batch = await Promise.all(arns.slice(index, index + AT_ONCE).map((arn) => findTaskDefinition(ecs, arn)))
      const found = batch.find((definition) => definition !== undefined && hasImageTag(definition, tag))
      if (found !== undefined) return found.arn
      seen.push(...batch.flatMap((definition) => definition?.input.containerDefinitions[0]?.image ?? []))
    }
  }
  const newest = [...new Set(seen)].slice(0, 5).join(', ')
  throw new ActionError(
    'not-found',
    `No revision of ${current.family}, which the service ${name} runs, has an image with the tag ${tag}. The newest have ${newest}.`,
    { advice: 'Name one of these tags, or deploy the image with ecs-deploy. Nothing was changed.' },
  )
}

/** The tag itself; for a sha of seven digits or more also the beginning of a longer one. */
function hasImageTag(definition: TaskDefinition, wanted: string): boolean {
  return definition.input.containerDefinitions.some(({ image }) => {
    const tag = /:([\w.-]+)(?:@.*)?$/.exec(image)?.[1] ?? ''
    return tag === wanted || (/^[0-9a-f]{7,40}$/.test(wanted) && /^[0-9a-f]{40}$/.test(tag) && tag.startsWith(wanted))
  })
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
