import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ActionContext } from '@deploy-kit/core/action'
import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import type { AwsClientConfig } from '@deploy-kit/core/aws/aws-client'
import { Deadline } from '@deploy-kit/core/deadline'
import { ActionError } from '@deploy-kit/core/errors'
import type { LogLocation } from './log-location.ts'

/** How many of the last lines are kept for the summary and for `logs: tail`. */
const TAIL_LINES = 50
/** Of each of them; a line of a log may have 256 kB. */
const TAIL_LINE_CHARACTERS = 10_000
/** While the task runs, reading must not hold up the looks at it: one round of reading ends after this. */
const ROUND_MS = 15_000
/** A page that does not come within this, however often it is asked for, ends the round. */
const PAGE_MS = 5000
/** After the task has stopped, the log is read on until no new line has come for this long. */
const QUIET_MS = 2000
const QUIET_LOOK_EVERY_MS = 500
/** And no longer than this while CloudWatch Logs gives no answer: the verdict does not depend on it. */
const UNANSWERED_MS = 120_000

/** Reads one log stream from its beginning, page by page, and remembers where it was. */
export class TaskLog {
  readonly #location: LogLocation
  readonly #config: AwsClientConfig
  readonly #context: ActionContext
  readonly #print: boolean
  #client: CloudWatchLogsClient | undefined
  #token: string | undefined
  /** Why there is no more to come. */
  #closed = false
  #failing: string | undefined
  #lines = 0
  #tail: readonly string[] = []

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
  async readOn(signal: AbortSignal, limitMs: number = ROUND_MS): Promise<number> {
    if (this.#closed) return 0
    const { clock, log } = this.#context
    const deadline = new Deadline(limitMs, clock)
    const before = this.#lines
    try {
      this.#failing = undefined
      let more = true
      while (more && !signal.aborted && !deadline.passed()) {
        const page = new Deadline(Math.min(PAGE_MS, deadline.remainingMs()), clock)
        more = await this.#readPage(new AwsCaller({ deadline: page, signal, clock, log }))
      }
    } catch (error) {
      this.#explain(error)
    }
    return this.#lines - before
  }

  /** The container has ended, but its last lines may still be on their way. */
  async readToTheEnd(deadline: Deadline): Promise<void> {
    const { clock, signal, log } = this.#context
    let quietSinceMs = clock.nowMs()
    let answeredAtMs = clock.nowMs()
    while (!this.#closed && !signal.aborted && !deadline.passed()) {
      const came = await this.readOn(signal, deadline.remainingMs())
      if (this.#failing === undefined || came > 0) answeredAtMs = clock.nowMs()
      // Without an answer nobody knows whether it is quiet.
      if (this.#failing !== undefined || came > 0) quietSinceMs = clock.nowMs()
      if (clock.nowMs() - quietSinceMs >= QUIET_MS || clock.nowMs() - answeredAtMs >= UNANSWERED_MS) break
      await clock.sleep(QUIET_LOOK_EVERY_MS, signal)
    }
    if (this.#failing !== undefined) log.warning(`The end of the log could not be read. ${this.#failing}`)
    else if (deadline.passed()) log.warning('The deadline came before the end of the log was certain to be read.')
  }

  /** True while there is more to read: the end is the same token coming back (CloudWatch Logs API: GetLogEvents). */
  async #readPage(caller: AwsCaller): Promise<boolean> {
    const { CloudWatchLogsClient, GetLogEventsCommand } = await import('@aws-sdk/client-cloudwatch-logs')
    this.#client ??= new CloudWatchLogsClient({ ...this.#config, region: this.#location.region })
    const client = this.#client
    const { group, stream } = this.#location
    const command = new GetLogEventsCommand({
      logGroupName: group,
      logStreamName: stream,
      startFromHead: true,
      nextToken: this.#token,
    })
    const page = await caller.call({
      operation: 'logs:GetLogEvents',
      subject: `log stream ${stream} in log group ${group}`,
      send: (abortSignal) => client.send(command, { abortSignal }),
      // The stream comes into being with the container's first line.
      recover: (_, code) => (code === 'ResourceNotFoundException' ? { events: [], $metadata: {} } : undefined),
    })
    const more = page.nextForwardToken !== undefined && page.nextForwardToken !== this.#token
    this.#token = page.nextForwardToken ?? this.#token
    await this.#take((page.events ?? []).map(({ message = '' }) => message))
    return more
  }

  async #take(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return
    this.#lines += lines.length
    if (this.#print) await this.#context.log.outside(lines)
    this.#tail = [...this.#tail, ...lines.slice(-TAIL_LINES).map(shorten)].slice(-TAIL_LINES)
  }

  #explain(error: unknown): void {
    const { log } = this.#context
    if (!(error instanceof ActionError)) throw error
    if (error.code === 'cancelled') return
    if (error.code === 'unreachable') {
      this.#failing = error.message
      log.debug(error.message)
      return
    }
    this.#closed = true
    log.warning(
      `The log of the task cannot be read; the verdict does not depend on it. ${error.message} ${error.advice}`,
    )
  }
}

/** A copy: a part of a string would keep the whole of it in memory. */
function shorten(line: string): string {
  if (line.length <= TAIL_LINE_CHARACTERS) return line
  return Buffer.from(`${line.slice(0, TAIL_LINE_CHARACTERS)}…`).toString()
}
