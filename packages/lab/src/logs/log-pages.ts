import { AwsError } from '../service.ts'
import { eventBytes, type LogStream, type StoredEvent } from './log-store.ts'

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html: 1 MB or 10,000 events. */
const pageBytes = 1_048_576
export const pageEvents = 10_000

export interface PageRequest {
  readonly token: string | undefined
  /** Which end to begin at, when there is no token. */
  readonly startFromHead: boolean
  readonly limit: number
  /** Inclusive, in milliseconds since 1970. */
  readonly startTime: number
  /** Exclusive. */
  readonly endTime: number
  /** A page that a token asks for may be empty though more follow. */
  readonly mayBeEmpty: () => boolean
}

export interface EventPage {
  readonly events: readonly StoredEvent[]
  /** The one that was given, when there is nothing further in its direction. */
  readonly nextForwardToken: string
  readonly nextBackwardToken: string
}

/** A gap between events, named by the event before it (0, 0 at the head), and the direction to read from there. */
interface Token {
  readonly forward: boolean
  readonly timestamp: number
  readonly sequence: number
  readonly afterEmptyPage: boolean
}

export function readPage(stream: LogStream, request: PageRequest): EventPage {
  const { events } = stream
  const first = stream.indexAfter({ timestamp: request.startTime, sequence: 0 })
  const end = stream.indexAfter({ timestamp: request.endTime, sequence: 0 })
  const token = request.token === undefined ? undefined : parseToken(request.token)
  const forward = token?.forward ?? request.startFromHead
  const unbounded = token === undefined ? (forward ? first : end) : stream.indexAfter(token)
  const from = Math.min(Math.max(unbounded, first), Math.max(first, end))

  const candidates = forward
    ? events.slice(from, Math.min(end, from + request.limit))
    : events.slice(Math.max(first, from - request.limit), from).reverse()
  const count = fitting(candidates, request.limit)
  if (token !== undefined && request.token !== undefined) {
    const same = forward
      ? { nextForwardToken: request.token, nextBackwardToken: tokenAt(events, from, 'b') }
      : { nextForwardToken: tokenAt(events, from, 'f'), nextBackwardToken: request.token }
    if (count === 0) return { events: [], ...same }
    if (!token.afterEmptyPage && request.mayBeEmpty()) {
      const further = forward ? 'nextForwardToken' : 'nextBackwardToken'
      return { events: [], ...same, [further]: `${request.token}/e` }
    }
  }
  const [low, high] = forward ? [from, from + count] : [from - count, from]
  return {
    events: events.slice(low, high),
    nextForwardToken: tokenAt(events, high, 'f'),
    nextBackwardToken: tokenAt(events, low, 'b'),
  }
}

/** How many events from the first on fit a page. */
export function fitting(events: readonly StoredEvent[], limit: number): number {
  let bytes = 0
  let count = 0
  for (const event of events) {
    bytes += eventBytes(event)
    if (count === limit || (bytes > pageBytes && count > 0)) break
    count += 1
  }
  return count
}

function tokenAt(events: readonly StoredEvent[], index: number, direction: 'f' | 'b'): string {
  const before = events[index - 1]
  return `${direction}/${before?.timestamp ?? 0}/${before?.sequence ?? 0}`
}

function parseToken(token: string): Token {
  const match = /^([fb])\/(\d+)\/(\d+)(\/e)?$/.exec(token)
  if (match === null) throw new AwsError('InvalidParameterException', 'The specified nextToken is invalid.')
  const [, direction, timestamp, sequence, empty] = match
  return {
    forward: direction === 'f',
    timestamp: Number(timestamp),
    sequence: Number(sequence),
    afterEmptyPage: empty !== undefined,
  }
}
