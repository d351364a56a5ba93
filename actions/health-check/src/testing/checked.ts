import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { action } from '../action.ts'

/** A run of health-check with its log as one text and its report parsed. */
export interface Checked extends MemoryRun {
  readonly text: string
  readonly report: Report
}

export interface Report {
  readonly end: string
  readonly targets: readonly {
    readonly url: string
    readonly attemptCount: number
    readonly attempts: readonly ReportedAttempt[]
  }[]
}

export interface ReportedAttempt {
  readonly ok: boolean
  readonly reason?: string
  readonly error?: string
  readonly status?: number
  readonly address?: string
  readonly finalUrl?: string
  readonly responseMs: number
  readonly startedAt: string
  readonly cutOff?: boolean
}

/** Runs the action with pauses that are short enough for a test. */
export async function check(
  url: string,
  inputs: Readonly<Record<string, string>> = {},
  options: { environment?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Checked> {
  const quick = { interval: '10ms', jitter: '0', timeout: '10s' }
  const run = await runInMemory(action, { inputs: { ...quick, url, ...inputs }, ...options })
  const report = run.outputs.report === undefined ? { end: '', targets: [] } : JSON.parse(run.outputs.report)
  return { ...run, text: run.log.join('\n'), report }
}

/** For a target that is not going to be healthy: one attempt tells all. */
export function checkOnce(
  url: string,
  inputs: Readonly<Record<string, string>> = {},
  options: { environment?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Checked> {
  return check(url, { 'max-attempts': '1', 'success-threshold': '1', ...inputs }, options)
}
