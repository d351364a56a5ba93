export interface LogEvent {
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly message: string
}

/** CloudWatch Logs as the awslogs driver of a container uses it. */
export interface LogSink {
  /** @throws AwsError ResourceAlreadyExistsException */
  createGroup(name: string): void
  /** @throws AwsError ResourceNotFoundException or ResourceAlreadyExistsException */
  createStream(group: string, stream: string): void
  /** @throws AwsError ResourceNotFoundException */
  putEvents(group: string, stream: string, events: readonly LogEvent[]): void
}
