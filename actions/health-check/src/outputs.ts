import type { ActionContext } from '@deploy-kit/core/action'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import type { HealthVerdict } from '@deploy-kit/core/probe/health'
import { createReport } from './report.ts'

/** Sets every output; one without a value is empty. */
export function setOutputs(verdict: HealthVerdict, context: ActionContext): void {
  const { decisive } = verdict
  const lastComplete = decisive.history.findLast(({ complete }) => complete)
  const failure = verdict.kind === 'healthy' ? undefined : (decisive.lastFailure ?? decisive.last)
  context.setOutput('healthy', verdict.kind === 'healthy')
  context.setOutput('reason', verdict.reason ?? '')
  context.setOutput('attempts', Math.max(...verdict.watches.map(({ attempts }) => attempts)))
  context.setOutput('elapsed-ms', Math.round(verdict.elapsedMs))
  context.setOutput('last-status', decisive.lastAnswered?.trace.head?.status ?? '')
  context.setOutput('last-error', failure ? describeProblems(failure) : '')
  context.setOutput('response-time-ms', lastComplete ? Math.round(lastComplete.responseMs) : '')
  context.setOutput('version', decisive.version ?? '')
  context.setOutput('certificate-expires-at', decisive.certificate?.expiresAt ?? '')
  context.setOutput('report', createReport(verdict))
}
