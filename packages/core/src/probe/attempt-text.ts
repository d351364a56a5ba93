import { formatDuration } from '../duration.ts'
import type { Attempt } from './attempt.ts'
import { describeStatus } from './judgement.ts'
import type { TargetWatch } from './target-watch.ts'

const DAY_MS = 86_400_000

/** One line about where a target stands, without figures that change from attempt to attempt. */
export function describeState(watch: TargetWatch, successThreshold: number): string {
  const { last } = watch
  if (!last) return 'not probed yet'
  if (last.problems.length > 0) return `${describeProblems(last)}${pageOf(last)}${pauseOf(last)}`
  const from =
    last.trace.deadAddresses.length > 0 ? ` from ${last.trace.address} (${last.trace.deadAddresses.join('; ')})` : ''
  const streak = watch.streak < successThreshold ? `${watch.streak} of ${successThreshold} in a row` : 'holding'
  return `${describeAnswer(last)}${from}${pageOf(last)}, as expected: ${streak}`
}

function pauseOf({ retryAfterMs }: Attempt): string {
  if (retryAfterMs === 0) return ''
  const wait = retryAfterMs > DAY_MS ? 'more than a day' : formatDuration(retryAfterMs)
  return `; it asks to wait ${wait} (Retry-After)`
}

/** After redirects, which page is judged. */
function pageOf({ trace }: Attempt): string {
  return trace.redirects.length > 0 ? `, judged at ${trace.url}` : ''
}

export function describeProblems(attempt: Attempt): string {
  return attempt.problems.map(({ message }) => message).join('; ')
}

function describeAnswer({ answer, trace }: Attempt): string {
  return answer ? describeStatus(answer) : `connected to ${trace.address}`
}
