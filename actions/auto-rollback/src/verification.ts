import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import { parseStatusSet } from '@deploy-kit/core/probe/status-set'
import type { Inputs } from './inputs.ts'

export interface Verification {
  readonly healthy: boolean
  /** A sentence without a full stop. */
  readonly text: string
}

/** Consecutive answers that prove health: one alone may come from a task that is about to stop. */
const SUCCESSES = 3
const REQUEST_TIMEOUT_MS = 10_000
const EVERY_MS = 1000

/** Asks verify-url whether the restored version is healthy; undefined when there is none. */
export async function verifyHealth(
  inputs: Inputs,
  deadline: Deadline,
  context: ActionContext,
): Promise<Verification | undefined> {
  if (inputs.verifyUrl.length === 0) return undefined
  const timeoutMs = Math.min(inputs.verifyTimeout ?? deadline.remainingMs(), deadline.remainingMs())
  const urls = inputs.verifyUrl.map((target) => target.text).join(', ')
  context.log.info(`Verifying ${urls}`)
  // Loaded when it is needed: a guard that arms never does.
  const { checkHealth } = await import('@deploy-kit/core/probe/health')
  const verdict = await checkHealth(
    {
      targets: inputs.verifyUrl,
      request: {
        method: 'GET',
        headers: [],
        userAgent: 'deploy-kit-auto-rollback',
        followRedirects: 'safe',
        maxRedirects: 5,
      },
      expectations: { status: parseStatusSet('200-299') },
      trust: {},
      timeoutMs,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      everyMs: Math.min(EVERY_MS, inputs.interval),
      successThreshold: SUCCESSES,
    },
    context,
  )
  const elapsed = formatDuration(verdict.elapsedMs)
  if (verdict.kind === 'healthy') return { healthy: true, text: `${urls} is healthy (after ${elapsed})` }
  if (verdict.kind === 'cancelled') return { healthy: false, text: `the health check of ${urls} was cancelled` }
  const failure = verdict.decisive.lastFailure ?? verdict.decisive.last
  const why = failure === undefined ? 'no answer' : describeProblems(failure)
  return { healthy: false, text: `${verdict.decisive.target.text} is not healthy after ${elapsed}: ${why}` }
}
