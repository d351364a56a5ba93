import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ActionContext } from '@deploy-kit/core/action'
import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import type { AwsClientConfig } from '@deploy-kit/core/aws/aws-client'
import { Deadline } from '@deploy-kit/core/deadline'
import type { ContainerInput } from '@deploy-kit/core/ecs/task-definition'
import { ActionError } from '@deploy-kit/core/errors'

/** Where a container's log goes. */
export interface LogLocation {
  readonly group: string
  readonly region: string
  readonly stream: string
}

/** How many of the last lines are kept for the summary and for `logs: tail`. */
const TAIL_LINES = 50
/** Reading must not hold up the verdict: one round of reading ends after this. */
const ROUND_MS = 15_000

/**
 * The awslogs stream `prefix/container/task-id` ("Send Amazon ECS logs to CloudWatch", awslogs-stream-prefix), or why
 * it cannot be known.
 */
export function locateLog(container: ContainerInput, taskArn: string, region: string): LogLocation | string {
  const { logDriver, options = {} } = (container.logConfiguration ?? {}) as {
    logDriver?: string
    options?: Record<string, string>
  }
  if (logDriver === undefined)
    return `container ${container.name} has no log configuration, so its output is not kept anywhere`
  if (logDriver !== 'awslogs') return `container ${container.name} logs with ${logDriver}; look there for its output`
  const group = options['awslogs-group']
  const prefix = options['awslogs-stream-prefix']
  if (!group || !prefix)
    return `container ${container.name} has no awslogs-stream-prefix, so its stream cannot be told; look in log group ${group ?? '?'}`
  const taskId = taskArn.slice(taskArn.lastIndexOf('/') + 1)
  return { group, region: options['awslogs-region'] ?? region, stream: `${prefix}/${container.name}/${taskId}` }
}

/** The stream in the CloudWatch console, whose fragment is encoded twice with `$` for `%`. */
export function logUrl(location: LogLocation): string {
  const encode = (text: string): string => encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$')
  const { region, group, stream } = location
  return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${encode(group)}/log-events/${encode(stream)}`
}

/** Reads one log stream from its beginning, page by page, and remembers where it was. */
export class TaskLog {
  readonly #location: LogLocation
  readonly #config: AwsClientConfig
  readonly #context: ActionContext
  readonly #print: boolean
  #client: CloudWatchLogsClient | undefined
  #token: string | undefined
  #given = false
  #lines = 0
  readonly #tail: string[] = []

  constructor(location: LogLocation, config: AwsClientConfig, context: ActionContext, options: { print: boolean }) {
    this.#location = location
    this.#config = config
    this.#context = context
    this.#print = options.print
  }

  /** The last lines that were read. */
  tail(): readonly string[] {
    return this.#tail
  }

  lineCount(): number {
    return this.#lines
  }

  /** Reads on to the present end; returns how many lines came. Reading denied is a warning, said once. */
  async readOn(signal: AbortSignal): Promise<number> {
    if (this.#given) return 0
    const { clock, log } = this.#context
    const caller = new AwsCaller({ deadline: new Deadline(ROUND_MS, clock), signal, clock, log, attemptMs: 5000 })
    const before = this.#lines
    try {
      while (await this.#readPage(caller)) if (signal.aborted) break
    } catch (error) {
      this.#explain(error)
    }
    return this.#lines - before
  }

  /** True while there is more to read: the end is the same token coming back (CloudWatch Logs API: GetLogEvents). */
  async #readPage(caller: AwsCaller): Promise<boolean> {
    const { CloudWatchLogsClient, GetLogEventsCommand } = await import('@aws-sdk/client-cloudwatch-logs')
    this.#client ??= new CloudWatchLogsClient({ ...this.#config, region: this.#location.region })
    const client = this.#client
    const { group, stream } = this.#location
    const page = await caller.call({
      operation: 'logs:GetLogEvents',
      subject: `log stream ${stream} in log group ${group}`,
      send: (abortSignal) =>
        client.send(
          new GetLogEventsCommand({
            logGroupName: group,
            logStreamName: stream,
            startFromHead: true,
            nextToken: this.#token,
          }),
          { abortSignal },
        ),
      // The stream comes into being with the container's first line.
      recover: (_, code) => (code === 'ResourceNotFoundException' ? { events: [], $metadata: {} } : undefined),
    })
    this.#take((page.events ?? []).map(({ message = '' }) => message))
    const more = page.nextForwardToken !== undefined && page.nextForwardToken !== this.#token
    this.#token = page.nextForwardToken ?? this.#token
    return more
  }

  #take(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.#lines += lines.length
    if (this.#print) this.#context.log.outside(lines)
    this.#tail.push(...lines.slice(-TAIL_LINES))
    this.#tail.splice(0, this.#tail.length - TAIL_LINES)
  }

  #explain(error: unknown): void {
    const { log } = this.#context
    if (!(error instanceof ActionError)) throw error
    if (error.code === 'cancelled') return
    if (error.code === 'unreachable') {
      log.debug(error.message)
      return
    }
    this.#given = true
    log.warning(
      `The log of the task cannot be read; the verdict does not depend on it. ${error.message} ${error.advice}`,
    )
  }
}
