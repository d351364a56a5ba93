import { abortAfter } from '../abort.ts'
import { formatDuration } from '../duration.ts'
import { openTcp, type Probing } from './connection.ts'
import type { Answer } from './exchange.ts'
import type { Expectations, Problem } from './expectations.ts'
import { judge } from './judgement.ts'
import { type Phase, ProbeError } from './probe-error.ts'
import { type RequestOptions, requestTarget } from './request.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Trust } from './secure-connection.ts'
import { endpointOf, type Target } from './target.ts'
import { startTrace, type Trace } from './trace.ts'

/** One attempt at a target, with what it met. */
export interface Attempt {
  readonly number: number
  readonly startedAt: Date
  /** From DNS to the end of the body, redirects included; of an attempt that failed, until it did. */
  readonly responseMs: number
  /** False when the deadline or a cancel cut it off: then it says nothing about the target. */
  readonly complete: boolean
  /** Empty when the target answered as expected. */
  readonly problems: readonly Problem[]
  readonly trace: Trace
  readonly answer?: Answer
  /** What the server asks to wait before the next attempt. */
  readonly retryAfterMs: number
}

export interface AttemptOptions {
  readonly target: Target
  readonly request: RequestOptions
  readonly expectations: Expectations
  readonly trust: Trust
  readonly requestTimeoutMs: number
}

/** Probes a target once. Takes at most the request timeout; ends at once when `signal` aborts. */
export async function attemptTarget(
  options: AttemptOptions,
  context: Pick<Probing, 'clock' | 'lookUp' | 'signal'>,
  number: number,
): Promise<Attempt> {
  const { clock, signal } = context
  const startedAt = clock.date()
  const startedAtMs = clock.nowMs()
  const trace = startTrace(options.target.url.href)
  using limit = abortAfter(options.requestTimeoutMs, clock, signal)
  const outcome = await observe(options, { ...context, signal: limit.signal, trace })
  const responseMs = clock.nowMs() - startedAtMs
  const base = { number, startedAt, responseMs, trace, complete: true, retryAfterMs: 0 }
  if (limit.timedOut()) return { ...base, problems: [timeoutProblem(trace, options.requestTimeoutMs)] }
  if (signal.aborted) return { ...base, complete: false, problems: [cutOffProblem(trace)] }
  if (outcome instanceof ProbeError)
    return { ...base, problems: [{ reason: outcome.reason, message: outcome.message }] }
  const { answer } = outcome
  const problems = judge({ trace, responseMs, now: clock.date(), ...outcome }, options.expectations)
  const retryAfterMs = problems.length > 0 ? parseRetryAfter(answer?.headers['retry-after'], clock.date()) : 0
  return { ...base, problems, retryAfterMs, ...(answer && { answer }) }
}

async function observe(options: AttemptOptions, probing: Probing): Promise<{ answer?: Answer } | ProbeError> {
  const { target, request, expectations, trust } = options
  try {
    if (target.scheme !== 'tcp') return { answer: await requestTarget(target, request, expectations, trust, probing) }
    const socket = await openTcp(request.connectTo ?? endpointOf(target.url), probing)
    socket.destroy()
    return {}
  } catch (error) {
    if (error instanceof ProbeError) return error
    throw error
  }
}

const WAITING_FOR: Readonly<Record<Phase, string>> = {
  dns: 'waiting for DNS',
  connect: 'waiting for the connection',
  tls: 'in the TLS handshake',
  request: 'waiting for the answer',
  body: 'reading the body',
}

function timeoutProblem(trace: Trace, requestTimeoutMs: number): Problem {
  const status = trace.phase === 'body' ? ` of ${trace.status} ${trace.statusText ?? ''}`.trimEnd() : ''
  const limit = formatDuration(requestTimeoutMs)
  return { reason: 'timeout', message: `Still ${WAITING_FOR[trace.phase]}${status} after request-timeout ${limit}` }
}

function cutOffProblem(trace: Trace): Problem {
  return { reason: 'timeout', message: `Cut off ${WAITING_FOR[trace.phase]}` }
}
