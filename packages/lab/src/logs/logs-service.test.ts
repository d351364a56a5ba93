import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Journal } from '../journal.ts'
import { LabClock } from '../lab-clock.ts'
import { seededRandom } from '../seeded-random.ts'
import { startServer, testCredentials } from '../server/server.ts'
import { createLogsService } from './logs-service.ts'

const logs = await createLogsService({
  accountId: '123456789012',
  region: 'eu-central-1',
  clock: new LabClock(0.01),
  journal: new Journal(),
  dataDirectory: '',
  random: seededRandom(1),
})
const server = await startServer({ services: [logs] })
const client = new CloudWatchLogsClient({
  endpoint: server.url,
  region: 'eu-central-1',
  credentials: testCredentials,
  maxAttempts: 1,
})
beforeAll(() => logs.createGroup(logGroupName))
afterAll(() => server[Symbol.asyncDispose]())

const logGroupName = '/ecs/app'
const start = Date.parse('2026-01-02T03:04:05Z')

/** `count` lines, one a millisecond, of at least `bytes` each. */
function write(logStreamName: string, count: number, bytes = 0): void {
  logs.createStream(logGroupName, logStreamName)
  logs.putEvents(
    logGroupName,
    logStreamName,
    Array.from({ length: count }, (_, index) => ({
      timestamp: start + index,
      message: `line ${index}`.padEnd(bytes, '.'),
    })),
  )
}

const get = (logStreamName: string, further: Partial<GetLogEventsCommandInput> = {}) =>
  client.send(new GetLogEventsCommand({ logGroupName, logStreamName, ...further }))

const indexOf = (message = '') => Number(/^line (\d+)/.exec(message)?.[1])

/** Every line, read as a client has to: on until the same token comes back. */
async function follow(logStreamName: string, limit?: number) {
  const pages: number[] = []
  const lines: number[] = []
  let nextToken: string | undefined
  for (;;) {
    const page = await get(logStreamName, { startFromHead: true, nextToken, limit })
    pages.push(page.events?.length ?? 0)
    lines.push(...(page.events ?? []).map(({ message }) => indexOf(message)))
    if (page.nextForwardToken === nextToken) return { pages, lines }
    nextToken = page.nextForwardToken
  }
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
describe('GetLogEvents', () => {
  // "as many log events as can fit in a response size of 1 MB (up to 10,000 log events)"
  test('gives at most 10,000 events or 1 MB a page', async () => {
    write('many', 25_000)
    const { pages, lines } = await follow('many')
    expect(Math.max(...pages)).toBe(10_000)
    expect(lines).toEqual(Array.from({ length: 25_000 }, (_, index) => index))

    write('long', 10, 250_000)
    const first = await get('long', { startFromHead: true })
    expect(first.events).toHaveLength(4)
    expect((await follow('long')).lines).toHaveLength(10)
  })

  // "If you have reached the end of the stream, it returns the same token you passed in." and "This operation can return
  // empty results while there are more log events available through the token."
  test('may give an empty page before the end, which is where the same token comes back', async () => {
    write('paged', 300)
    const { pages, lines } = await follow('paged', 5)
    expect(lines).toEqual(Array.from({ length: 300 }, (_, index) => index))
    expect(pages.slice(0, -1)).toContain(0)
  })

  test('goes on from the last token when lines were added', async () => {
    write('growing', 3)
    const { nextForwardToken: token } = await get('growing', { startFromHead: true })
    expect(await get('growing', { startFromHead: true, nextToken: token })).toMatchObject({
      events: [],
      nextForwardToken: token,
    })
    logs.putEvents(logGroupName, 'growing', [{ timestamp: start + 3, message: 'line 3' }])
    const messages = async () => {
      const { events = [] } = await get('growing', { startFromHead: true, nextToken: token })
      return events.map(({ message }) => message)
    }
    await expect.poll(messages).toEqual(['line 3'])
  })

  test('starts at the end unless told otherwise, and pages backwards', async () => {
    write('backwards', 10)
    const last = await get('backwards', { limit: 4 })
    expect(last.events?.map(({ message }) => indexOf(message))).toEqual([6, 7, 8, 9])
    const lines: number[] = []
    let nextToken = last.nextBackwardToken
    for (;;) {
      const page = await get('backwards', { limit: 4, nextToken })
      lines.unshift(...(page.events ?? []).map(({ message }) => indexOf(message)))
      if (page.nextBackwardToken === nextToken) break
      nextToken = page.nextBackwardToken
    }
    expect(lines).toEqual([0, 1, 2, 3, 4, 5])
  })

  // "startTime: Events with a timestamp equal to this time or later than this time are included"; "endTime: Events with a
  // timestamp equal to or later than this time are not included"
  test('includes startTime and excludes endTime', async () => {
    write('timed', 10)
    const { events } = await get('timed', { startFromHead: true, startTime: start + 2, endTime: start + 5 })
    expect(events?.map(({ message }) => indexOf(message))).toEqual([2, 3, 4])
  })

  test('orders by timestamp what arrived out of order', async () => {
    logs.createStream(logGroupName, 'unordered')
    for (const [offset, message] of [
      [5, 'b'],
      [1, 'a'],
      [5, 'c'],
    ] as const) {
      logs.putEvents(logGroupName, 'unordered', [{ timestamp: start + offset, message }])
    }
    const { events } = await get('unordered', { startFromHead: true })
    expect(events?.map(({ message }) => message)).toEqual(['a', 'b', 'c'])
  })

  test('refuses what does not exist or is not valid', async () => {
    await expect(
      client.send(new GetLogEventsCommand({ logGroupName: '/no', logStreamName: 'a' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'The specified log group does not exist.' })
    await expect(get('no')).rejects.toThrow('The specified log stream does not exist.')
    write('refused', 1)
    await expect(get('refused', { nextToken: 'f/x' })).rejects.toMatchObject({ name: 'InvalidParameterException' })
    await expect(get('refused', { limit: 10_001 })).rejects.toMatchObject({ name: 'InvalidParameterException' })
  })

  test('denied names the stream', async () => {
    const arn = 'arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/app:log-stream:'
    const { accessKeyId } = testCredentials
    const allowed = { Effect: 'Allow', Action: 'logs:GetLogEvents', Resource: `${arn}allowed` }
    server.policies.put(accessKeyId, { Statement: allowed })
    write('allowed', 1)
    await get('allowed')
    await expect(get('other')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`logs:GetLogEvents on resource: ${arn}other because no identity-based policy`),
    })
    server.policies.remove(accessKeyId)
  })
})

describe('FilterLogEvents', () => {
  beforeAll(() => {
    logs.createStream(logGroupName, 'f/a')
    logs.createStream(logGroupName, 'f/b')
    for (const [stream, message] of [
      ['f/a', 'ERROR one'],
      ['f/b', 'ERROR two'],
      ['f/b', 'fine'],
    ] as const) {
      logs.putEvents(logGroupName, stream, [{ timestamp: start, message }])
    }
  })
  const filter = async (further: object) => {
    const { events } = await client.send(new FilterLogEventsCommand({ logGroupName, ...further }))
    return events?.map(({ message }) => message)
  }

  test('finds terms in the streams that are asked for', async () => {
    expect(await filter({ logStreamNamePrefix: 'f/', filterPattern: 'ERROR' })).toEqual(['ERROR one', 'ERROR two'])
    expect(await filter({ logStreamNames: ['f/b'] })).toEqual(['ERROR two', 'fine'])
    expect(await filter({ logStreamNamePrefix: 'f/', filterPattern: '?fine ?one' })).toEqual(['ERROR one', 'fine'])
    expect(await filter({ logStreamNamePrefix: 'f/', filterPattern: '"ERROR two" -one' })).toEqual(['ERROR two'])
  })

  test('pages, and refuses patterns that the lab does not have', async () => {
    const input = { logGroupName, logStreamNamePrefix: 'f/', limit: 2 }
    const first = await client.send(new FilterLogEventsCommand(input))
    const second = await client.send(new FilterLogEventsCommand({ ...input, nextToken: first.nextToken }))
    expect([first.events?.length, second.events?.length, second.nextToken]).toEqual([2, 1, undefined])
    await expect(filter({ filterPattern: '{ $.level = "error" }' })).rejects.toThrow('terms only')
  })
})

describe('Groups and streams', () => {
  test('are made once, written to in order, and listed page by page', async () => {
    const group = '/made/by-hand'
    await client.send(new CreateLogGroupCommand({ logGroupName: group }))
    await expect(client.send(new CreateLogGroupCommand({ logGroupName: group }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
    })
    const stream = { logGroupName: group, logStreamName: 'one' }
    await client.send(new CreateLogStreamCommand(stream))
    await expect(client.send(new CreateLogStreamCommand(stream))).rejects.toThrow('already exists')

    const logEvents = [
      { timestamp: start + 1, message: 'b' },
      { timestamp: start, message: 'a' },
    ]
    await expect(client.send(new PutLogEventsCommand({ ...stream, logEvents }))).rejects.toThrow('chronological order')
    await client.send(new PutLogEventsCommand({ ...stream, logEvents: logEvents.reverse() }))
    const { logStreams } = await client.send(new DescribeLogStreamsCommand({ logGroupName: group }))
    expect(logStreams).toMatchObject([
      { logStreamName: 'one', firstEventTimestamp: start, lastEventTimestamp: start + 1 },
    ])

    await client.send(new CreateLogGroupCommand({ logGroupName: '/made/second' }))
    const names = async (nextToken?: string): Promise<(string | undefined)[]> => {
      const input = { logGroupNamePrefix: '/made', limit: 1, nextToken }
      const page = await client.send(new DescribeLogGroupsCommand(input))
      const further = page.nextToken === undefined ? [] : await names(page.nextToken)
      return [page.logGroups?.[0]?.logGroupName, ...further]
    }
    expect(await names()).toEqual([group, '/made/second'])
  })

  test('hold 100,000 lines, of which an endless writer keeps the last', async () => {
    write('hundred-thousand', 100_000, 100)
    const { events } = await get('hundred-thousand', { limit: 1 })
    expect(indexOf(events?.[0]?.message)).toBe(99_999)

    write('endless', 4_000, 25_000)
    const first = await get('endless', { startFromHead: true, limit: 1 })
    expect(first.events).toHaveLength(1)
    const kept = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }))
    expect(kept.logGroups?.[0]?.storedBytes).toBeLessThan(120 * 1024 * 1024)
  })
})
