import * as v from 'valibot'
import { AwsError, type Input } from '../service.ts'
import { pageEvents } from './log-pages.ts'

const groupName = v.pipe(v.string(), v.minLength(1), v.maxLength(512), v.regex(/^[.\-_/#A-Za-z0-9]+$/))
const streamName = v.pipe(v.string(), v.minLength(1), v.maxLength(512), v.regex(/^[^:*]*$/))
const time = v.pipe(v.number(), v.integer(), v.minValue(0))
const limit = (greatest: number, byDefault: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(greatest)), byDefault)
const group = { logGroupName: v.optional(groupName), logGroupIdentifier: v.optional(v.string()) }

export const schemas = {
  createGroup: v.strictObject({ logGroupName: groupName }),
  createStream: v.strictObject({ logGroupName: groupName, logStreamName: streamName }),
  describeGroups: v.strictObject({
    logGroupNamePrefix: v.optional(groupName),
    logGroupNamePattern: v.optional(v.string()),
    limit: limit(50, 50),
    nextToken: v.optional(v.string()),
  }),
  describeStreams: v.strictObject({
    ...group,
    logStreamNamePrefix: v.optional(streamName),
    orderBy: v.optional(v.picklist(['LogStreamName', 'LastEventTime']), 'LogStreamName'),
    descending: v.optional(v.boolean(), false),
    limit: limit(50, 50),
    nextToken: v.optional(v.string()),
  }),
  getEvents: v.strictObject({
    ...group,
    logStreamName: streamName,
    startTime: v.optional(time, 0),
    endTime: v.optional(time, Number.MAX_SAFE_INTEGER),
    nextToken: v.optional(v.string()),
    limit: limit(pageEvents, pageEvents),
    startFromHead: v.optional(v.boolean(), false),
  }),
  filterEvents: v.strictObject({
    ...group,
    logStreamNames: v.optional(v.pipe(v.array(streamName), v.minLength(1), v.maxLength(100))),
    logStreamNamePrefix: v.optional(streamName),
    startTime: v.optional(time, 0),
    endTime: v.optional(time, Number.MAX_SAFE_INTEGER),
    filterPattern: v.optional(v.pipe(v.string(), v.maxLength(1024)), ''),
    nextToken: v.optional(v.string()),
    limit: limit(pageEvents, pageEvents),
    interleaved: v.optional(v.boolean()),
  }),
  putEvents: v.strictObject({
    logGroupName: groupName,
    logStreamName: streamName,
    logEvents: v.pipe(
      v.array(v.strictObject({ timestamp: time, message: v.pipe(v.string(), v.minLength(1)) })),
      v.minLength(1),
      v.maxLength(10_000),
    ),
    // Ignored by AWS since 2023.
    sequenceToken: v.optional(v.string()),
  }),
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message)
}

/** @throws AwsError InvalidParameterException that names every member that is wrong or that the lab does not have */
export function readInput<S extends v.GenericSchema>(schema: S, input: Input): v.InferOutput<S> {
  const result = v.safeParse(schema, input)
  if (result.success) return result.output
  const problems = result.issues.map((issue) => `Value at '${v.getDotPath(issue) ?? ''}': ${issue.message}`)
  const errors = problems.length === 1 ? 'validation error' : 'validation errors'
  throw invalid(`${problems.length} ${errors} detected: ${problems.join('; ')}`)
}

/** A group is named by its name, or by an identifier: the name or the ARN. */
export function nameOfGroup(input: {
  logGroupName?: string | undefined
  logGroupIdentifier?: string | undefined
}): string {
  const { logGroupName, logGroupIdentifier } = input
  if ((logGroupName === undefined) === (logGroupIdentifier === undefined)) {
    throw invalid('Exactly one of logGroupName and logGroupIdentifier must be specified.')
  }
  return logGroupName ?? logGroupIdentifier!.replace(/^arn:aws:logs:[^:]*:\d*:log-group:/, '').replace(/:\*$/, '')
}
