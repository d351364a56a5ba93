import { describe, expect, test } from 'vitest'
import { Deadline } from '../deadline.ts'
import { ActionError } from '../errors.ts'
import type { Log } from '../log.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { AwsCaller } from './aws-caller.ts'

const silent: Log = { info() {}, warning() {}, debug() {}, group() {}, outside() {} }

function sdkError(name: string, message: string, httpStatusCode?: number): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode, requestId: 'req-1' } })
}

function callerFor(totalMs: number, signal = new AbortController().signal) {
  const clock = new VirtualClock()
  return new AwsCaller({ deadline: new Deadline(totalMs, clock), signal, clock, log: silent })
}

/** Fails with each error in turn, then answers. */
function failing(...errors: unknown[]) {
  let sent = 0
  const send = async (): Promise<string> => {
    sent += 1
    const error = errors[sent - 1]
    if (error !== undefined) throw error
    return 'answer'
  }
  return { send, sent: () => sent }
}

const about = { operation: 'ecs:RunTask', subject: 'task definition app:12' }

describe('AwsCaller', () => {
  test.each([
    sdkError('ThrottlingException', 'Rate exceeded', 400),
    sdkError('Throttling', 'Rate exceeded', 400),
    sdkError('ServerException', 'oops', 500),
    sdkError('UnknownError', '', 503),
    Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
    Object.assign(new Error('Too many concurrent attempts to create a new revision of the specified family.'), {
      name: 'ClientException',
    }),
  ])('tries again after $name: $message', async (error) => {
    const { send, sent } = failing(error, error, error)
    await expect(callerFor(60_000).call({ ...about, send })).resolves.toBe('answer')
    expect(sent()).toBe(4)
  })

  test.each([
    [sdkError('ThrottlingException', 'Rate exceeded', 400), 0],
    [sdkError('ServerException', 'oops', 500), 1],
    [Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), 1],
  ])('tells whoever asks when an attempt may have taken effect: $name', async (error, times) => {
    let lost = 0
    const onLostAnswer = (): void => {
      lost += 1
    }
    await callerFor(60_000).call({ ...about, send: failing(error).send, onLostAnswer })
    expect(lost).toBe(times)
  })

  test('goes on until the deadline and then says what the last answer was', async () => {
    const send = async (): Promise<never> => {
      throw sdkError('ThrottlingException', 'Rate exceeded', 400)
    }
    const failed = callerFor(30_000).call({ ...about, send })
    await expect(failed).rejects.toMatchObject({
      code: 'unreachable',
      message:
        'ecs:RunTask on task definition app:12 was tried until the deadline and never succeeded. The last answer: ThrottlingException: Rate exceeded (request req-1)',
    })
  })

  test('gives up an attempt that gets no answer, and tries again', async () => {
    let sent = 0
    const send = (signal: AbortSignal): Promise<string> => {
      sent += 1
      if (sent === 2) return Promise.resolve('answer')
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
      )
    }
    await expect(callerFor(60_000).call({ ...about, send })).resolves.toBe('answer')
  })

  test('names the missing permission and its resource, without a second try', async () => {
    const { send, sent } = failing(
      sdkError(
        'AccessDeniedException',
        'User: arn:aws:sts::1:assumed-role/deploy/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/app because no identity-based policy allows the iam:PassRole action',
        400,
      ),
    )
    const error = (await callerFor(60_000)
      .call({ ...about, send })
      .catch((thrown: unknown) => thrown)) as ActionError
    expect(error.code).toBe('access-denied')
    expect(error.message).toContain(
      'AWS denied ecs:RunTask on task definition app:12: the credentials lack iam:PassRole.',
    )
    expect(error.advice).toBe(
      'Allow iam:PassRole for arn:aws:iam::1:role/app in the policy of the role that this job uses.',
    )
    expect(sent()).toBe(1)
  })

  test.each([
    ['UnrecognizedClientException', 'no-credentials'],
    ['ClusterNotFoundException', 'not-found'],
    ['DBInstanceNotFoundFault', 'not-found'],
    ['DBInstanceNotFound', 'not-found'],
    ['SnapshotQuotaExceeded', 'quota'],
    ['InvalidParameterException', 'refused'],
  ])('%s is %s at once', async (name, code) => {
    const { send, sent } = failing(sdkError(name, 'x', 400))
    await expect(callerFor(60_000).call({ ...about, send })).rejects.toMatchObject({ code })
    expect(sent()).toBe(1)
  })

  test('gives credentials that ran out two more attempts to be renewed', async () => {
    const expired = sdkError('ExpiredToken', 'The security token included in the request is expired', 403)
    await expect(callerFor(60_000).call({ ...about, send: failing(expired, expired).send })).resolves.toBe('answer')
    const { send, sent } = failing(expired, expired, expired)
    await expect(callerFor(60_000).call({ ...about, send })).rejects.toMatchObject({ code: 'no-credentials' })
    expect(sent()).toBe(3)
  })

  test('lets the call decide what an error means', async () => {
    const { send } = failing(sdkError('DBSnapshotAlreadyExistsFault', 'x', 400))
    const call = callerFor(60_000).call({
      ...about,
      send,
      recover: (_, code) => (code === 'DBSnapshotAlreadyExists' ? 'adopted' : undefined),
    })
    await expect(call).resolves.toBe('adopted')
  })

  test('ends at once when the step is cancelled', async () => {
    const cancelled = new AbortController()
    const send = async (): Promise<never> => {
      cancelled.abort()
      throw sdkError('ThrottlingException', 'Rate exceeded', 400)
    }
    await expect(callerFor(60_000, cancelled.signal).call({ ...about, send })).rejects.toMatchObject({
      code: 'cancelled',
    })
  })

  test('gives up an attempt whose signal nobody listens to, as while credentials are fetched', async () => {
    const send = (): Promise<string> => new Promise(() => {})
    await expect(callerFor(60_000).call({ ...about, send })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('TimeoutError: no answer came in time'),
    })
  })

  test('tells the call which attempt failed, and remembers what it met until it succeeds', async () => {
    const attempts: number[] = []
    const { send } = failing(sdkError('Throttling', 'Rate exceeded', 400), sdkError('Odd', 'x', 400))
    const caller = callerFor(60_000)
    const recover = (_: unknown, code: string, attempt: number): string | undefined => {
      attempts.push(attempt)
      if (attempt === 1) expect(caller.trouble).toBeUndefined()
      else expect(caller.trouble).toBe('ecs:RunTask on task definition app:12: Throttling: Rate exceeded')
      return code === 'Odd' ? 'recovered' : undefined
    }
    await expect(caller.call({ ...about, send, recover })).resolves.toBe('recovered')
    expect(attempts).toEqual([1, 2])
    await caller.call({ ...about, send: async () => 'answer' })
    expect(caller.trouble).toBeUndefined()
  })

  test('throws on what already says what to do, such as a role that cannot be assumed', async () => {
    const problem = new ActionError('no-credentials', 'The role could not be assumed.')
    const { send } = failing(problem)
    await expect(callerFor(60_000).call({ ...about, send })).rejects.toBe(problem)
  })
})
