import { AwsError } from '../service.ts'
import type { LogEvent, LogSink } from './log-sink.ts'

export interface StoredEvent extends LogEvent {
  readonly ingestionTime: number
  /** Unique in its stream and ascending in the order of arrival. */
  readonly sequence: number
}

/** What AWS adds to each event's length. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const overheadBytes = 26

/** A stream keeps its latest events only: an endless writer may not take the lab's memory with it. */
const keptBytesPerStream = 64 * 1024 * 1024

export function eventBytes(event: LogEvent): number {
  return Buffer.byteLength(event.message) + overheadBytes
}

/** The events of one stream, ordered by timestamp and then by arrival. */
export class LogStream {
  readonly name: string
  readonly creationTime = Date.now()
  lastIngestionTime: number | undefined
  storedBytes = 0
  #events: StoredEvent[] = []
  #sequence = 0

  constructor(name: string) {
    this.name = name
  }

  get events(): readonly StoredEvent[] {
    return this.#events
  }

  append(events: readonly LogEvent[]): void {
    if (events.length === 0) return
    this.lastIngestionTime = Date.now()
    for (const { timestamp, message } of events) {
      const event = { timestamp, message, ingestionTime: this.lastIngestionTime, sequence: ++this.#sequence }
      this.#events.splice(this.#placeOf(event), 0, event)
      this.storedBytes += eventBytes(event)
    }
    if (this.storedBytes > keptBytesPerStream) this.#dropOldest()
  }

  /** Index of the first event that comes after `position`, a timestamp and a sequence. */
  indexAfter(position: Pick<StoredEvent, 'timestamp' | 'sequence'>): number {
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#events[middle]!, position) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #placeOf(event: StoredEvent): number {
    const last = this.#events.at(-1)
    return last === undefined || last.timestamp <= event.timestamp ? this.#events.length : this.indexAfter(event)
  }

  #dropOldest(): void {
    const dropped = this.#events.splice(0, Math.ceil(this.#events.length / 4))
    for (const event of dropped) this.storedBytes -= eventBytes(event)
  }
}

export function compare(
  a: Pick<StoredEvent, 'timestamp' | 'sequence'>,
  b: Pick<StoredEvent, 'timestamp' | 'sequence'>,
): number {
  return a.timestamp - b.timestamp || a.sequence - b.sequence
}

export interface LogGroup {
  readonly name: string
  readonly creationTime: number
  readonly streams: Map<string, LogStream>
}

/** The log groups of one account and region. */
export class LogStore implements LogSink {
  readonly #groups = new Map<string, LogGroup>()

  groups(): readonly LogGroup[] {
    return [...this.#groups.values()].sort((a, b) => compareNames(a.name, b.name))
  }

  /** @throws AwsError ResourceNotFoundException */
  group(name: string): LogGroup {
    const group = this.#groups.get(name)
    if (group === undefined) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.')
    return group
  }

  /** @throws AwsError ResourceNotFoundException */
  stream(groupName: string, streamName: string): LogStream {
    const stream = this.group(groupName).streams.get(streamName)
    if (stream === undefined)
      throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.')
    return stream
  }

  /** @throws AwsError ResourceAlreadyExistsException */
  createGroup(name: string): void {
    if (this.#groups.has(name)) {
      throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists')
    }
    this.#groups.set(name, { name, creationTime: Date.now(), streams: new Map() })
  }

  /** @throws AwsError ResourceNotFoundException or ResourceAlreadyExistsException */
  createStream(groupName: string, streamName: string): void {
    const { streams } = this.group(groupName)
    if (streams.has(streamName)) {
      throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists')
    }
    streams.set(streamName, new LogStream(streamName))
  }

  putEvents(groupName: string, streamName: string, events: readonly LogEvent[]): void {
    this.stream(groupName, streamName).append(events)
  }
}

/** AWS orders names by their ASCII codes. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
