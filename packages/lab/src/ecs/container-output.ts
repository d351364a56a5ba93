import type { Readable } from 'node:stream'
import type { LogEvent } from '../logs/log-sink.ts'

/**
 * The longest message of one event: 256 KB less the 26 bytes that are counted for each event. Docker's awslogs driver
 * cuts longer lines at this length. (PutLogEvents; moby, daemon/logger/awslogs)
 */
const maximumEventBytes = 262_144 - 26

/**
 * Reads a container's output line by line, as the awslogs driver does: an event a line, long lines cut into several,
 * empty lines dropped, a last line without a line end included.
 */
export class OutputLines {
  readonly #write: (events: readonly LogEvent[]) => void
  readonly #ends: Promise<void>[] = []

  constructor(write: (events: readonly LogEvent[]) => void) {
    this.#write = write
  }

  read(stream: Readable): void {
    let pending: Buffer[] = []
    let pendingBytes = 0
    const take = (chunk: Buffer) => {
      const events: LogEvent[] = []
      let from = 0
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        const line =
          pendingBytes === 0 ? chunk.subarray(from, end) : Buffer.concat([...pending, chunk.subarray(from, end)])
        pending = []
        pendingBytes = 0
        events.push(...eventsOf(line))
        from = end + 1
      }
      const rest = chunk.subarray(from)
      if (rest.length > 0) pending.push(rest)
      pendingBytes += rest.length
      if (events.length > 0) this.#write(events)
      if (pendingBytes > 2 * maximumEventBytes) {
        // A line without end is written as it comes, in whole events.
        const line = Buffer.concat(pending)
        const cut = cutLength(line)
        this.#write(eventsOf(line.subarray(0, cut)))
        pending = [line.subarray(cut)]
        pendingBytes -= cut
      }
    }
    this.#ends.push(
      new Promise((resolve) => {
        stream.on('data', take)
        stream.on('error', () => {})
        stream.on('close', () => {
          if (pendingBytes > 0) this.#write(eventsOf(Buffer.concat(pending)))
          resolve()
        })
      }),
    )
  }

  /** Resolves when every stream has ended and everything was written. */
  async ended(): Promise<void> {
    await Promise.all(this.#ends)
  }
}

function eventsOf(line: Buffer): readonly LogEvent[] {
  const timestamp = Date.now()
  const text = line.at(-1) === 13 ? line.subarray(0, -1) : line
  const events: LogEvent[] = []
  for (let from = 0; from < text.length; ) {
    const cut = cutLength(text.subarray(from))
    events.push({ timestamp, message: text.toString('utf8', from, from + cut) })
    from += cut
  }
  return events
}

/** How much of the line fits into one event, without cutting a character in two. */
function cutLength(line: Buffer): number {
  if (line.length <= maximumEventBytes) return line.length
  let cut = maximumEventBytes
  while (cut > maximumEventBytes - 4 && (line[cut]! & 0b1100_0000) === 0b1000_0000) cut -= 1
  return cut
}
