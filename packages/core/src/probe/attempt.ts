import { abortAfter } from '../abort.ts'
import { formatDuration } from '../duration.ts'
import { excerptOf } from './body.ts'
import { openTcp, type Probing } from './connection.ts'
import type { Answer } from './exchange.ts'
import type { Expectations, Problem } from './expectations.ts'
import { parseJson, scalarAt } from './json-value.ts'
import { describeStatus, judge } from './judgement.ts'
import type { PatternMatcher } from './pattern-matcher.ts'
import { type Phase, ProbeError } from './probe-error.ts'
import { type RequestOptions, requestTarget } from './request.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Trust } from './secure-connection.ts'
import { endpointOf, type Target } from './target.ts'
import { startTrace, type Trace } from './trace.ts'
import { parseTruncatedJson } from './truncated-json.ts'

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
  /** With the beginning of its body. */
  readonly answer?: Answer
  /** The string or number at the version path. */
  readonly version?: string
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

/** What all attempts share. */
export interface AttemptContext extends Pick<Probing, 'clock' | 'environment' | 'lookUp' | 'signal'> {
  readonly patterns: PatternMatcher
}

/** Probes a target once. Takes at most the request timeout; ends at once when `signal` aborts. */
export async function attemptTarget(
  options: AttemptOptions,
  context: AttemptContext,
  number: number,
): Promise<Attempt> {
  const { clock, signal } = context
  const startedAt = clock.date()
  const startedAtMs = clock.nowMs()
  const trace = startTrace(options.target.url.href)
  using limit = abortAfter(options.requestTimeoutMs, clock, signal)
  const probing = { ...context, signal: limit.signal, trace }
  const failed = (problem: Problem, complete = true): Attempt => {
    const responseMs = clock.nowMs() - startedAtMs
    // What still comes in for this attempt, such as an answer from DNS, is no longer part of it.
    return { number, startedAt, responseMs, trace: { ...trace }, complete, problems: [problem], retryAfterMs: 0 }
  }
  try {
    const answer = await ask(options, probing)
    const responseMs = clock.nowMs() - startedAtMs
    limit.signal.throwIfAborted()
    return {
      number,
      startedAt,
      responseMs,
      trace,
      complete: true,
      ...(await weigh(answer, responseMs, options, probing)),
    }
  } catch (error) {
    if (limit.timedOut()) return failed(timeoutProblem(trace, options.requestTimeoutMs))
    if (signal.aborted) return failed(cutOffProblem(trace), false)
    if (error instanceof ProbeError) return failed({ reason: error.reason, message: error.message, code: error.code })
    throw error
  }
}

/** The answer; a TCP target that accepts a connection has none. */
async function ask(options: AttemptOptions, probing: Probing): Promise<Answer | undefined> {
  const { target, request, expectations, trust } = options
  if (target.scheme !== 'tcp') return await requestTarget(target, request, expectations, trust, probing)
  const socket = await openTcp(request.connectTo ?? endpointOf(target.url), probing)
  socket.destroy()
  return undefined
}

async function weigh(
  answer: Answer | undefined,
  responseMs: number,
  { expectations }: AttemptOptions,
  { trace, signal, clock, patterns }: Probing & AttemptContext,
): Promise<Pick<Attempt, 'answer' | 'version' | 'problems' | 'retryAfterMs'>> {
  trace.phase = 'match'
  const now = clock.date()
  const json = answer && (answer.body.truncated ? parseTruncatedJson : parseJson)(answer.body.text)
  const version = scalarAt(json, expectations.versionPath ?? [])
  const problems = await judge(
    { ...(answer && { answer }), json, version, trace, responseMs, now },
    expectations,
    (pattern, text) => patterns.matches(pattern, text, signal),
  )
  const retryAfterMs = problems.length > 0 ? parseRetryAfter(answer?.headers['retry-after'], now) : 0
  return {
    problems,
    retryAfterMs,
    ...(answer && { answer: { ...answer, body: excerptOf(answer.body) } }),
    ...(version !== undefined && { version }),
  }
}

const WAITING_FOR: Readonly<Record<Phase, string>> = {
  dns: 'waiting for DNS',
  connect: 'waiting for the connection',
  tls: 'in the TLS handshake',
  request: 'waiting for the answer',
  body: 'reading the body',
  match: 'matching regular expressions against the body',
}

function timeoutProblem(trace: Trace, requestTimeoutMs: number): Problem {
  const status = trace.phase === 'body' && trace.head ? ` of ${describeStatus(trace.head)}` : ''
  const limit = formatDuration(requestTimeoutMs)
  return { reason: 'timeout', message: `Still ${WAITING_FOR[trace.phase]}${status} after request-timeout ${limit}` }
}

function cutOffProblem(trace: Trace): Problem {
  return { reason: 'timeout', message: `Cut off ${WAITING_FOR[trace.phase]}` }
}
