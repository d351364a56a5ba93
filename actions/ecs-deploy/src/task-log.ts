import { failureCode } from '@deploy-kit/core/aws/aws-failure'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import type { TaskDefinitionInput } from '@deploy-kit/core/ecs/task-definition'

/** The end of what a dead task's container logged, or why it cannot be shown. */
export interface TaskLog {
  readonly of: string
  readonly lines: readonly string[]
}

const LINES = 20

/**
 * The last lines of a container's log, where awslogs wrote it under a name that can be known: `prefix/container/task id`
 * ("Send Amazon ECS logs to CloudWatch", ECS Developer Guide). It never fails: a diagnosis without it is one, too.
 *
 * @returns undefined when the container does not log there
 */
export async function readTaskLog(
  ecs: Ecs,
  about: { definition: TaskDefinitionInput; container: string; taskArn: string },
): Promise<TaskLog | undefined> {
  const { definition, container, taskArn } = about
  const chosen = definition.containerDefinitions.find((candidate) => candidate.name === container)
  const logging = chosen?.logConfiguration as
    | { logDriver?: string; options?: Readonly<Record<string, string | undefined>> }
    | undefined
  const group = logging?.options?.['awslogs-group']
  const prefix = logging?.options?.['awslogs-stream-prefix']
  if (logging?.logDriver !== 'awslogs' || group === undefined || prefix === undefined) return undefined
  const taskId = taskArn.slice(taskArn.lastIndexOf('/') + 1)
  const stream = `${prefix}/${container}/${taskId}`
  // Only a failed deployment needs it: it is not worth any start-up time.
  const { CloudWatchLogsClient, GetLogEventsCommand } = await import('@aws-sdk/client-cloudwatch-logs')
  const client = new CloudWatchLogsClient({
    ...ecs.config,
    region: logging.options?.['awslogs-region'] ?? ecs.config.region,
  })
  const lines = await ecs.caller
    .call({
      operation: 'logs:GetLogEvents',
      subject: `log stream ${stream} in group ${group}`,
      send: async (abortSignal) => {
        const command = new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, limit: LINES })
        return (await client.send(command, { abortSignal })).events?.map((event) => event.message ?? '') ?? []
      },
      recover: (_error, code) => (code === 'ResourceNotFoundException' ? [] : undefined),
    })
    .catch((error: unknown) => [
      `(the log could not be read: ${failureCode((error as Error).cause ?? error)}; logs:GetLogEvents on ${group})`,
    ])
  return { of: `${container} in task ${taskId}`, lines: lines.length > 0 ? lines : ['(it logged nothing)'] }
}
