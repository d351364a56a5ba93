import type { LogEvent } from '../logs/log-sink.ts'
import { AwsError } from '../service.ts'
import type { Container } from './container.ts'
import { OutputLines } from './container-output.ts'
import type { Task } from './task.ts'

/** CloudWatch Logs as the awslogs driver uses it. */
export interface ContainerLogs {
  createGroup(name: string): void
  createStream(group: string, stream: string): void
  putEvents(group: string, stream: string, events: readonly LogEvent[]): void
}

interface LogPlace {
  readonly group: string
  readonly stream: string
}

/** `prefix/container/task-id`; without a prefix, the container's runtime id. (Using the awslogs log driver) */
function placeOf(container: Container, task: Task): LogPlace | undefined {
  const { logConfiguration } = container.definition
  if (logConfiguration?.logDriver !== 'awslogs') return undefined
  const group = logConfiguration.options?.['awslogs-group'] ?? ''
  const prefix = logConfiguration.options?.['awslogs-stream-prefix']
  const stream = prefix === undefined ? container.runtimeId : `${prefix}/${container.name}/${task.plan.id}`
  return { group, stream }
}

/**
 * Makes the log streams of all containers, before any of them starts.
 * @returns the stoppedReason when that fails, in the words of Fargate
 */
export function createLogStreams(task: Task, logs: ContainerLogs): string | undefined {
  for (const container of task.containers) {
    const place = placeOf(container, task)
    if (place === undefined) continue
    try {
      if (container.definition.logConfiguration?.options?.['awslogs-create-group'] === 'true')
        ensureGroup(logs, place.group)
      logs.createStream(place.group, place.stream)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${error.code}: ${error.message} : exit status 1`
    }
  }
  return undefined
}

/** Where a container's output goes. Without the awslogs driver the lab has no place for it, and it is dropped. */
export function openLog(container: Container, task: Task, logs: ContainerLogs): OutputLines {
  const place = placeOf(container, task)
  return new OutputLines((events) => {
    if (place === undefined) return
    try {
      logs.putEvents(place.group, place.stream, events)
    } catch (error) {
      // The stream was deleted under the container: as with AWS, what it writes from now on is lost.
      if (!(error instanceof AwsError)) throw error
    }
  })
}

/** A group that exists already stays as it is. */
export function ensureGroup(logs: ContainerLogs, group: string): void {
  try {
    logs.createGroup(group)
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ResourceAlreadyExistsException') throw error
  }
}
