import type { Call, Input, LabContext, Output, Service } from '../service.ts'
import { parseFilterPattern } from './filter-pattern.ts'
import { invalid, nameOfGroup, readInput, schemas } from './log-input.ts'
import { fitting, readPage } from './log-pages.ts'
import type { LogSink } from './log-sink.ts'
import { compare, compareNames, eventBytes, type LogGroup, LogStore, type LogStream } from './log-store.ts'

/** How often a page that has events is withheld once, as AWS may do: the reader has to follow the token. */
const emptyPageProbability = 0.1

/** CloudWatch Logs, and the sink that containers write to. */
export async function createLogsService(context: LabContext): Promise<Service & LogSink> {
  const store = new LogStore()
  const requests = new LogRequests(context, store)
  return {
    name: 'logs',
    protocol: { kind: 'awsJson1.1', targetPrefix: 'Logs_20140328' },
    operations: {
      CreateLogGroup: (input, call) => requests.createGroup(input, call),
      CreateLogStream: (input, call) => requests.createStream(input, call),
      DescribeLogGroups: (input, call) => requests.describeGroups(input, call),
      DescribeLogStreams: (input, call) => requests.describeStreams(input, call),
      FilterLogEvents: (input, call) => requests.filterEvents(input, call),
      GetLogEvents: (input, call) => requests.getEvents(input, call),
      PutLogEvents: (input, call) => requests.putEvents(input, call),
    },
    createGroup: (name) => store.createGroup(name),
    createStream: (group, stream) => store.createStream(group, stream),
    putEvents: (group, stream, events) => store.putEvents(group, stream, events),
    async close() {},
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html */
class LogRequests {
  readonly #context: LabContext
  readonly #store: LogStore

  constructor(context: LabContext, store: LogStore) {
    this.#context = context
    this.#store = store
  }

  createGroup(input: Input, call: Call): Output {
    const { logGroupName } = readInput(schemas.createGroup, input)
    call.authorize('logs:CreateLogGroup', this.#streamArn(logGroupName, ''))
    this.#store.createGroup(logGroupName)
    return {}
  }

  createStream(input: Input, call: Call): Output {
    const { logGroupName, logStreamName } = readInput(schemas.createStream, input)
    call.authorize('logs:CreateLogStream', this.#streamArn(logGroupName, logStreamName))
    this.#store.createStream(logGroupName, logStreamName)
    return {}
  }

  describeGroups(input: Input, call: Call): Output {
    const { logGroupNamePrefix = '', logGroupNamePattern, limit, nextToken } = readInput(schemas.describeGroups, input)
    call.authorize('logs:DescribeLogGroups', this.#streamArn('', ''))
    if (logGroupNamePrefix !== '' && logGroupNamePattern !== undefined) {
      throw invalid('logGroupNamePrefix and logGroupNamePattern are mutually exclusive parameters.')
    }
    const pattern = logGroupNamePattern?.toLowerCase() ?? ''
    const found = this.#store
      .groups()
      .filter(({ name }) => name.startsWith(logGroupNamePrefix) && name.toLowerCase().includes(pattern))
    const page = pageOf(found, limit, nextToken)
    return { logGroups: page.items.map((found) => this.#describeGroup(found)), nextToken: page.nextToken }
  }

  describeStreams(input: Input, call: Call): Output {
    const asked = readInput(schemas.describeStreams, input)
    const name = nameOfGroup(asked)
    call.authorize('logs:DescribeLogStreams', this.#streamArn(name, ''))
    const { logStreamNamePrefix = '', orderBy, descending } = asked
    if (orderBy === 'LastEventTime' && logStreamNamePrefix !== '') {
      throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.')
    }
    const found = [...this.#store.group(name).streams.values()]
      .filter((stream) => stream.name.startsWith(logStreamNamePrefix))
      .sort((a, b) =>
        orderBy === 'LogStreamName' ? compareNames(a.name, b.name) : lastEventTime(a) - lastEventTime(b),
      )
    const page = pageOf(descending ? found.reverse() : found, asked.limit, asked.nextToken)
    return { logStreams: page.items.map((stream) => this.#describeStream(name, stream)), nextToken: page.nextToken }
  }

  getEvents(input: Input, call: Call): Output {
    const { nextToken: token, ...asked } = readInput(schemas.getEvents, input)
    const name = nameOfGroup(asked)
    call.authorize('logs:GetLogEvents', this.#streamArn(name, asked.logStreamName))
    const stream = this.#store.stream(name, asked.logStreamName)
    const mayBeEmpty = () => this.#context.random() < emptyPageProbability
    const { events, nextForwardToken, nextBackwardToken } = readPage(stream, { ...asked, token, mayBeEmpty })
    return {
      events: events.map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
      nextForwardToken,
      nextBackwardToken,
    }
  }

  filterEvents(input: Input, call: Call): Output {
    const asked = readInput(schemas.filterEvents, input)
    const name = nameOfGroup(asked)
    call.authorize('logs:FilterLogEvents', this.#streamArn(name, ''))
    if (asked.logStreamNames !== undefined && asked.logStreamNamePrefix !== undefined) {
      throw invalid('logStreamNames and logStreamNamePrefix are mutually exclusive parameters.')
    }
    const streams =
      asked.logStreamNames?.map((stream) => this.#store.stream(name, stream)) ??
      [...this.#store.group(name).streams.values()].filter((stream) =>
        stream.name.startsWith(asked.logStreamNamePrefix ?? ''),
      )
    const matches = parseFilterPattern(asked.filterPattern)
    const found = streams
      .flatMap((stream) => stream.events.map((event) => ({ ...event, logStreamName: stream.name })))
      .filter(
        ({ timestamp, message }) => timestamp >= asked.startTime && timestamp <= asked.endTime && matches(message),
      )
      .sort((a, b) => compare(a, b) || compareNames(a.logStreamName, b.logStreamName))
    const start = offsetOf(asked.nextToken)
    const rest = found.slice(start)
    const count = fitting(rest, asked.limit)
    return {
      events: rest.slice(0, count).map(({ sequence, ...event }) => ({
        ...event,
        eventId: `${event.logStreamName}/${sequence}`,
      })),
      searchedLogStreams: [],
      nextToken: count < rest.length ? String(start + count) : undefined,
    }
  }

  putEvents(input: Input, call: Call): Output {
    const { logGroupName, logStreamName, logEvents } = readInput(schemas.putEvents, input)
    call.authorize('logs:PutLogEvents', this.#streamArn(logGroupName, logStreamName))
    if (logEvents.some(({ timestamp }, index) => timestamp < (logEvents[index - 1]?.timestamp ?? 0))) {
      throw invalid('Log events in a single PutLogEvents request must be in chronological order.')
    }
    const bytes = logEvents.reduce((sum, event) => sum + eventBytes(event), 0)
    if (bytes > 1_048_576) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of 1048576`)
    this.#store.putEvents(logGroupName, logStreamName, logEvents)
    return { nextSequenceToken: String(this.#store.stream(logGroupName, logStreamName).events.length) }
  }

  #groupArn(name: string): string {
    return `arn:aws:logs:${this.#context.region}:${this.#context.accountId}:log-group:${name}`
  }

  #streamArn(groupName: string, streamName: string): string {
    return `${this.#groupArn(groupName)}:log-stream:${streamName}`
  }

  #describeGroup({ name, creationTime, streams }: LogGroup): Output {
    const storedBytes = [...streams.values()].reduce((sum, stream) => sum + stream.storedBytes, 0)
    return {
      logGroupName: name,
      creationTime,
      metricFilterCount: 0,
      arn: `${this.#groupArn(name)}:*`,
      storedBytes,
      logGroupClass: 'STANDARD',
      logGroupArn: this.#groupArn(name),
    }
  }

  #describeStream(groupName: string, stream: LogStream): Output {
    return {
      logStreamName: stream.name,
      creationTime: stream.creationTime,
      firstEventTimestamp: stream.events[0]?.timestamp,
      lastEventTimestamp: stream.events.at(-1)?.timestamp,
      lastIngestionTime: stream.lastIngestionTime,
      uploadSequenceToken: String(stream.events.length),
      arn: this.#streamArn(groupName, stream.name),
      // Always 0 for streams since 2019.
      storedBytes: 0,
    }
  }
}

function lastEventTime(stream: LogStream): number {
  return stream.events.at(-1)?.timestamp ?? stream.creationTime
}

interface Page<T> {
  readonly items: readonly T[]
  readonly nextToken: string | undefined
}

function pageOf<T>(found: readonly T[], limit: number, nextToken: string | undefined): Page<T> {
  const start = offsetOf(nextToken)
  const more = start + limit < found.length
  return { items: found.slice(start, start + limit), nextToken: more ? String(start + limit) : undefined }
}

function offsetOf(nextToken: string | undefined): number {
  if (nextToken !== undefined && !/^\d+$/.test(nextToken)) throw invalid('The specified nextToken is invalid.')
  return Number(nextToken ?? 0)
}
