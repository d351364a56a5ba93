import { shorten } from '@deploy-kit/core/excerpt'
import type { Attempt } from '@deploy-kit/core/probe/attempt'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import type { HealthVerdict } from '@deploy-kit/core/probe/health'
import type { TargetWatch } from '@deploy-kit/core/probe/target-watch'

/** GitHub takes a megabyte for an output; beside the report there are some small ones. */
const MAX_BYTES = 1_000_000

/**
 * The `report` output: every target with its last attempts. Times are whole milliseconds. With very many targets the
 * texts of the errors are left out, but for the last attempt's.
 */
export function createReport(verdict: HealthVerdict): object {
  const whole = reportAll(verdict, true)
  return Buffer.byteLength(JSON.stringify(whole)) <= MAX_BYTES ? whole : reportAll(verdict, false)
}

function reportAll(verdict: HealthVerdict, texts: boolean): object {
  return {
    healthy: verdict.kind === 'healthy',
    reason: verdict.reason ?? '',
    end: verdict.end,
    elapsedMs: Math.round(verdict.elapsedMs),
    targets: verdict.watches.map((watch) => reportTarget(watch, texts)),
  }
}

function reportTarget(watch: TargetWatch, texts: boolean): object {
  return {
    url: watch.target.text,
    attemptCount: watch.attempts,
    passes: watch.passes,
    streak: watch.streak,
    attempts: watch.history.map((attempt) => reportAttempt(attempt, texts || attempt === watch.last)),
  }
}

/** What is not known is left out. */
function reportAttempt(attempt: Attempt, text: boolean): object {
  const { trace, problems } = attempt
  return {
    attempt: attempt.number,
    startedAt: attempt.startedAt.toISOString(),
    ok: problems.length === 0,
    ...(problems[0] && attempt.complete && { reason: problems[0].reason }),
    ...(problems[0] && text && { error: shorten(describeProblems(attempt), 200) }),
    ...(!attempt.complete && { cutOff: true }),
    ...(trace.head && { status: trace.head.status }),
    ...(trace.address !== undefined && { address: trace.address }),
    ...(trace.redirects.length > 0 && { finalUrl: trace.url }),
    ...timings(attempt),
  }
}

function timings({ responseMs, trace }: Attempt): object {
  const known = Object.entries({
    dnsMs: trace.dnsMs,
    connectMs: trace.connectMs,
    tlsMs: trace.tlsMs,
    firstByteMs: trace.firstByteMs,
    responseMs,
  })
  return Object.fromEntries(known.flatMap(([name, ms]) => (ms === undefined ? [] : [[name, Math.round(ms)]])))
}
