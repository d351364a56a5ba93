export interface LogEvent {
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly message: string
}

/** Where the awslogs driver of a container writes. */
export interface LogSink {
  /** Makes the group and the stream unless they are there. */
  ensureStream(group: string, stream: string): void
  putEvents(group: string, stream: string, events: readonly LogEvent[]): void
}
