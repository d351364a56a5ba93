import type { ActionContext } from '../action.ts'
import { Deadline } from '../deadline.ts'
import { type Look, waitUntil } from '../wait.ts'
import { type Attempt, attemptTarget } from './attempt.ts'
import { describeState } from './attempt-text.ts'
import type { Expectations } from './expectations.ts'
import { shareLookups } from './name-lookup.ts'
import { PatternMatcher } from './pattern-matcher.ts'
import type { Reason } from './probe-error.ts'
import { ProgressLog } from './progress-log.ts'
import type { RequestOptions } from './request.ts'
import { prepareTrust, type TrustOptions } from './secure-connection.ts'
import { SocketBudget } from './socket-budget.ts'
import { includesStatus, type StatusSet } from './status-set.ts'
import { isSecure, type Target } from './target.ts'
import { TargetWatch } from './target-watch.ts'

/** Sockets open at the same time, over all targets. */
const MAX_SOCKETS = 64

/**
 * What to probe and when to stop. There are no defaults here (they stand in action.yml): what is optional and not
 * given is off.
 */
export interface HealthOptions {
  readonly targets: readonly Target[]
  readonly request: RequestOptions
  readonly expectations: Expectations
  readonly trust: TrustOptions
  /** Hard limit for everything. */
  readonly timeoutMs: number
  /** For one attempt, from DNS to the end of the body, redirects included. */
  readonly requestTimeoutMs: number
  /** From the end of one attempt to the start of the next. */
  readonly everyMs: number
  readonly backoffCoefficient?: number
  readonly maxEveryMs?: number
  /** 0.1 spreads each pause by ±10 %. */
  readonly jitter?: number
  /** Consecutive passes of every target that end the wait. */
  readonly successThreshold: number
  readonly maxAttempts?: number
  readonly initialDelayMs?: number
  /** Failures in it do not count for `failureThreshold`, until the first pass; from the start of the step. */
  readonly startPeriodMs?: number
  /** Consecutive failures of a target that end the wait. */
  readonly failureThreshold?: number
  /** Answers that end the wait at once. */
  readonly failFastStatus?: StatusSet
}

export type HealthContext = Pick<ActionContext, 'signal' | 'clock' | 'log' | 'environment'>

export interface HealthVerdict {
  readonly kind: 'healthy' | 'unhealthy' | 'cancelled'
  /** Why it is not healthy; missing when it is, and when a cancelled run has not seen a failure. */
  readonly reason?: Reason
  /** Why the wait ended when it did. */
  readonly end: HealthEnd
  readonly watches: readonly TargetWatch[]
  /** The target that decided the verdict, else the first. */
  readonly decisive: TargetWatch
  readonly elapsedMs: number
}

export type HealthEnd = 'streak' | 'fail-fast-status' | 'failure-threshold' | 'max-attempts' | 'deadline' | 'cancelled'

interface Decision {
  readonly end: HealthEnd
  readonly watch: TargetWatch
}

/**
 * Probes every target until all have answered as expected `successThreshold` times in a row, or says why they did not.
 * Returns at the deadline and within moments of `context.signal`; unhealthy is a verdict, never an error.
 */
export async function checkHealth(options: HealthOptions, context: HealthContext): Promise<HealthVerdict> {
  const deadline = new Deadline(options.timeoutMs, context.clock)
  const watches = options.targets.map((target) => new TargetWatch(target))
  using patterns = new PatternMatcher(context.clock)
  const probe = createProbe(options, context, patterns)
  const progress = new ProgressLog(watches, options.successThreshold, deadline, context)
  const stop = new AbortController()
  const cancel = (): void => stop.abort()
  context.signal.addEventListener('abort', cancel, { once: true })
  if (context.signal.aborted) cancel()
  let decision: Decision | undefined
  const watchTarget = async (watch: TargetWatch): Promise<void> => {
    let inFlight: Promise<Attempt> | undefined
    await waitUntil({
      look: async (signal): Promise<Look<Attempt>> => {
        if (!inFlight) await context.clock.sleep(options.initialDelayMs ?? 0, signal)
        inFlight = probe(watch, signal, deadline)
        const attempt = await inFlight
        // One that was cut off, by the deadline or a cancel, decides nothing.
        if (attempt.complete) decision ??= decide(watches, watch, options)
        return {
          verdict: decision || isOutOfAttempts(watch, options) ? 'stop' : 'pending',
          state: describeState(watch, options.successThreshold),
          value: attempt,
          notBeforeMs: attempt.retryAfterMs,
        }
      },
      timeoutMs: options.timeoutMs,
      deadline,
      everyMs: options.everyMs,
      backoffCoefficient: options.backoffCoefficient ?? 1,
      maxEveryMs: options.maxEveryMs ?? options.everyMs,
      jitter: options.jitter ?? 0,
      signal: stop.signal,
      clock: context.clock,
      report: (line, occasion) => progress.report(watch, line, occasion),
    })
    if (decision) stop.abort()
    // What the end cut off settles in a moment, and belongs into the report.
    await inFlight?.catch(() => undefined)
  }
  try {
    await Promise.all(watches.map(watchTarget))
  } finally {
    context.signal.removeEventListener('abort', cancel)
    stop.abort()
  }
  return conclude(watches, decision, context.signal.aborted, deadline.elapsedMs(), options)
}

/** One attempt at a target, within the budget of sockets, recorded. */
function createProbe(options: HealthOptions, context: HealthContext, patterns: PatternMatcher) {
  const { request, expectations, requestTimeoutMs } = options
  const { clock, environment } = context
  const trust = { ...options.trust }
  const lookUp = shareLookups()
  const sockets = new SocketBudget(MAX_SOCKETS)
  return async (watch: TargetWatch, signal: AbortSignal, deadline: Deadline): Promise<Attempt> => {
    using _socket = await sockets.take()
    if (isSecure(watch.target.url)) await prepareTrust(trust)
    signal.throwIfAborted()
    watch.attempts += 1
    const attempt = await attemptTarget(
      { target: watch.target, request, expectations, trust, requestTimeoutMs },
      { clock, environment, lookUp, signal, patterns },
      watch.attempts,
    )
    const started = watch.passes > 0 || deadline.elapsedMs() >= (options.startPeriodMs ?? 0)
    watch.record(attempt, started)
    return attempt
  }
}

function decide(watches: readonly TargetWatch[], watch: TargetWatch, options: HealthOptions): Decision | undefined {
  const { failFastStatus, failureThreshold = 0, successThreshold } = options
  const status = watch.last?.trace.head?.status
  if (failFastStatus && status !== undefined && watch.streak === 0 && includesStatus(failFastStatus, status)) {
    return { end: 'fail-fast-status', watch }
  }
  const [first] = watches
  if (first && watches.every(({ streak }) => streak >= successThreshold)) return { end: 'streak', watch: first }
  if (failureThreshold > 0 && watch.failures >= failureThreshold) return { end: 'failure-threshold', watch }
  if (isOutOfAttempts(watch, options) && watch.streak < successThreshold) return { end: 'max-attempts', watch }
  return undefined
}

function isOutOfAttempts(watch: TargetWatch, { maxAttempts = 0 }: HealthOptions): boolean {
  return maxAttempts > 0 && watch.attempts >= maxAttempts
}

function conclude(
  watches: readonly TargetWatch[],
  decision: Decision | undefined,
  cancelled: boolean,
  elapsedMs: number,
  options: HealthOptions,
): HealthVerdict {
  const failing = watches.find(({ streak, lastFailure }) => streak === 0 && lastFailure)
  const behind = watches.find(({ streak }) => streak < options.successThreshold)
  const decisive = decision?.watch ?? failing ?? behind ?? watches[0]
  if (!decisive) throw new RangeError('checkHealth needs at least one target')
  const failure = decisive.lastFailure?.problems[0]?.reason
  const common = { watches, decisive, elapsedMs }
  if (cancelled) return { kind: 'cancelled', end: 'cancelled', ...(failure && { reason: failure }), ...common }
  if (decision?.end === 'streak') return { kind: 'healthy', end: 'streak', ...common }
  if (decision) return { kind: 'unhealthy', end: decision.end, ...(failure && { reason: failure }), ...common }
  return { kind: 'unhealthy', end: 'deadline', reason: failure ?? 'timeout', ...common }
}
