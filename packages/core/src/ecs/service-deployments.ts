import {
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  ListServiceDeploymentsCommand,
  type ServiceDeployment,
  type ServiceDeploymentBrief,
  type ServiceDeploymentStatus,
  StopServiceDeploymentCommand,
} from '@aws-sdk/client-ecs'
import type { Deadline } from '../deadline.ts'
import { ActionError, type ErrorCode } from '../errors.ts'
import { type Ecs, ecsWithin } from './ecs-client.ts'

/** Both DescribeServiceDeployments and DescribeServiceRevisions take at most twenty ARNs (ECS API). */
const BATCH = 20
const ONGOING: readonly ServiceDeploymentStatus[] = ['PENDING', 'IN_PROGRESS']

/** The deployments of a service, newest first; ECS keeps them for 90 days. */
export async function listServiceDeployments(
  ecs: Ecs,
  about: { cluster: string; service: string; status?: readonly ServiceDeploymentStatus[]; createdAfter?: Date },
  most = 100,
): Promise<readonly ServiceDeploymentBrief[]> {
  const { cluster, service, status, createdAfter } = about
  const found: ServiceDeploymentBrief[] = []
  let nextToken: string | undefined
  do {
    const answer = await ecs.caller.call({
      operation: 'ecs:ListServiceDeployments',
      subject: `service ${service} in cluster ${cluster}`,
      send: (abortSignal) =>
        ecs.client.send(
          new ListServiceDeploymentsCommand({
            cluster,
            service,
            ...(status && { status: [...status] }),
            ...(createdAfter && { createdAt: { after: createdAfter } }),
            ...(nextToken !== undefined && { nextToken }),
          }),
          { abortSignal },
        ),
    })
    found.push(...(answer.serviceDeployments ?? []))
    nextToken = answer.nextToken
  } while (nextToken !== undefined && found.length < most)
  return found
}

/** The deployment that is under way, if there is one. */
export async function findOngoingDeployment(
  ecs: Ecs,
  cluster: string,
  service: string,
): Promise<ServiceDeployment | undefined> {
  const [newest] = await listServiceDeployments(ecs, { cluster, service, status: ONGOING })
  if (newest?.serviceDeploymentArn === undefined) return undefined
  const [described] = await describeServiceDeployments(ecs, [newest.serviceDeploymentArn])
  return described
}

export async function describeServiceDeployments(
  ecs: Ecs,
  arns: readonly string[],
): Promise<readonly ServiceDeployment[]> {
  return ecs.caller.call({
    operation: 'ecs:DescribeServiceDeployments',
    subject: arns.join(', '),
    send: async (abortSignal) => {
      const command = new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [...arns] })
      return (await ecs.client.send(command, { abortSignal })).serviceDeployments ?? []
    },
  })
}

/** The task definitions of service revisions. */
export async function readRevisionDefinitions(
  ecs: Ecs,
  revisionArns: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const definitions = new Map<string, string>()
  const unique = [...new Set(revisionArns)]
  for (let index = 0; index < unique.length; index += BATCH) {
    const batch = unique.slice(index, index + BATCH)
    const revisions = await ecs.caller.call({
      operation: 'ecs:DescribeServiceRevisions',
      subject: batch.join(', '),
      send: async (abortSignal) => {
        const command = new DescribeServiceRevisionsCommand({ serviceRevisionArns: batch })
        return (await ecs.client.send(command, { abortSignal })).serviceRevisions ?? []
      },
    })
    for (const { serviceRevisionArn, taskDefinition } of revisions) {
      if (serviceRevisionArn !== undefined && taskDefinition !== undefined) {
        definitions.set(serviceRevisionArn, taskDefinition)
      }
    }
  }
  return definitions
}

/**
 * Has ECS go back to the revision that ran before an ongoing deployment (StopServiceDeployment, `stopType: ROLLBACK`).
 *
 * @returns false when the deployment is no longer ongoing
 */
export async function stopWithRollback(ecs: Ecs, serviceDeploymentArn: string): Promise<boolean> {
  return ecs.caller.call({
    operation: 'ecs:StopServiceDeployment',
    subject: serviceDeploymentArn,
    send: async (abortSignal) => {
      const command = new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ROLLBACK' })
      await ecs.client.send(command, { abortSignal })
      return true
    },
    recover: (_error, code) => (code === 'ConflictException' ? Promise.resolve(false) : undefined),
  })
}

/**
 * What `read` finds out, or undefined where it is denied, or where the service deployment API is not there (it came in
 * 2024, and not to every partition): for what only makes an answer more exact.
 */
export function ifAvailable<T>(read: () => Promise<T>): Promise<T | undefined> {
  return unless(['access-denied', 'refused', 'not-found'], read)
}

/** How long something that matters is held up by a question that it could do without. */
const BRIEFLY_MS = 5000

/** The same, and undefined where there is no answer within five seconds. */
export function ifAnsweredSoon<T>(
  ecs: Ecs,
  { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: Deadline },
  read: (ecs: Ecs) => Promise<T>,
): Promise<T | undefined> {
  const brief = ecsWithin(ecs, Math.min(BRIEFLY_MS, deadline.remainingMs()), signal)
  return unless(['access-denied', 'refused', 'not-found', 'unreachable'], () => read(brief))
}

async function unless<T>(codes: readonly ErrorCode[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ActionError && codes.includes(error.code)) return undefined
    throw error
  }
}
