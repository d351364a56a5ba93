import type { ContainerInput } from '@deploy-kit/core/ecs/task-definition'
import { taskId } from './tasks.ts'

/** Where a container's log goes. */
export interface LogLocation {
  readonly group: string
  readonly region: string
  readonly stream: string
}

/**
 * The awslogs stream `prefix/container/task-id` ("Send Amazon ECS logs to CloudWatch", awslogs-stream-prefix), or why
 * it cannot be known.
 */
export function locateLog(container: ContainerInput, taskArn: string, region: string): LogLocation | string {
  const { logDriver, options = {} } = (container.logConfiguration ?? {}) as {
    logDriver?: string
    options?: Record<string, string>
  }
  const { name } = container
  if (logDriver === undefined) {
    return `container ${name} has no logConfiguration, so its output is kept on its host at the most; add one with awslogs`
  }
  if (logDriver !== 'awslogs') return `container ${name} logs with ${logDriver}; look there for its output`
  const group = options['awslogs-group']
  const prefix = options['awslogs-stream-prefix']
  if (!group || !prefix) {
    return `container ${name} has no awslogs-stream-prefix, so its stream cannot be told; look in log group ${group ?? '?'}, or add the prefix`
  }
  return { group, region: options['awslogs-region'] ?? region, stream: `${prefix}/${name}/${taskId(taskArn)}` }
}

/** The stream in the CloudWatch console, whose fragment is encoded twice with `$` for `%`. */
export function logUrl({ region, group, stream }: LogLocation): string {
  const encode = (text: string): string => encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$')
  const path = `cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${encode(group)}/log-events/${encode(stream)}`
  if (region.startsWith('cn-')) return `https://${region}.console.amazonaws.cn/${path}`
  if (region.startsWith('us-gov-')) return `https://${region}.console.amazonaws-us-gov.com/${path}`
  return `https://${region}.console.aws.amazon.com/${path}`
}
