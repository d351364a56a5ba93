import { formatDuration } from '@deploy-kit/core/duration'
import { code, table } from '@deploy-kit/core/markdown'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import type { HealthVerdict } from '@deploy-kit/core/probe/health'
import type { TargetWatch } from '@deploy-kit/core/probe/target-watch'

/** The section of the job summary below its headline. */
export function summarise(verdict: HealthVerdict): string {
  const header = ['Target', 'Attempts', 'Passed', 'In a row', 'Last answer', 'Response time', 'Last failure']
  return table(header, verdict.watches.map(row))
}

function row(watch: TargetWatch): string[] {
  const { last, lastAnswered, lastFailure } = watch
  return [
    code(watch.target.text),
    String(watch.attempts),
    String(watch.passes),
    String(watch.streak),
    lastAnswered ? String(lastAnswered.trace.status) : '',
    last ? formatDuration(last.responseMs) : '',
    lastFailure ? code(describeProblems(lastFailure)) : '',
  ]
}
