import type { Attempt } from '@deploy-kit/core/probe/attempt'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import type { HealthVerdict } from '@deploy-kit/core/probe/health'
import type { TargetWatch } from '@deploy-kit/core/probe/target-watch'

/** The `report` output: every target with its last attempts. Times are whole milliseconds. */
export function createReport(verdict: HealthVerdict): object {
  return {
    healthy: verdict.kind === 'healthy',
    reason: verdict.reason ?? '',
    end: verdict.end,
    elapsedMs: Math.round(verdict.elapsedMs),
    targets: verdict.watches.map(reportTarget),
  }
}

function reportTarget(watch: TargetWatch): object {
  return {
    url: watch.target.text,
    attempts: watch.attempts,
    passes: watch.passes,
    streak: watch.streak,
    history: watch.history.map(reportAttempt),
  }
}

/** What is not known is left out. */
function reportAttempt(attempt: Attempt): object {
  const { trace, problems } = attempt
  return {
    attempt: attempt.number,
    startedAt: attempt.startedAt.toISOString(),
    ok: problems.length === 0,
    ...(problems[0] && { reason: problems[0].reason, error: describeProblems(attempt).slice(0, 200) }),
    ...(!attempt.complete && { cutOff: true }),
    ...(trace.status !== undefined && { status: trace.status }),
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
