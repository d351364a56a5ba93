import type { Task } from '@aws-sdk/client-ecs'
import { explainFailure } from './stop-reason.ts'
import { exitCodeOf } from './tasks.ts'

export type Outcome = 'succeeded' | 'failed' | 'not-started' | 'timed-out' | 'cancelled'

/** How the run ended, in outputs' terms and in one sentence. */
export interface Judgement {
  readonly outcome: Outcome
  readonly headline: string
  /** Another container, whose end was the reason: its log says more. */
  readonly culprit?: string
}

/** The verdict on a task whose container has ended, by that container alone. One that never ran has no exit code: a failure. */
export function judgeEndedTask(task: Task, container: string, essential: readonly string[]): Judgement {
  const exitCode = exitCodeOf(task, container)
  if (exitCode === 0) {
    return { outcome: 'succeeded', headline: `Container ${container} exited with 0${noteOthers(task, container)}.` }
  }
  const why = explainFailure(task, container, essential)
  const headline = [why.what.replace(/\.?$/, '.'), why.next].filter((part) => part !== '').join(' ')
  const culprit = why.container !== undefined && why.container !== container ? { culprit: why.container } : {}
  if (exitCode !== undefined) return { outcome: 'failed', headline: `The migration failed: ${headline}`, ...culprit }
  if (task.startedAt !== undefined) {
    return { outcome: 'failed', headline: `The migration did not finish: ${headline}`, ...culprit }
  }
  return { outcome: 'not-started', headline: `The migration never ran: ${headline}`, ...culprit }
}

/** A sidecar that ends after the migration, by a signal more often than not, is noted and not judged. */
function noteOthers(task: Task, container: string): string {
  const others = (task.containers ?? []).filter(({ name, exitCode }) => name !== container && (exitCode ?? 0) !== 0)
  return others.map(({ name, exitCode }) => `; ${name} exited with ${exitCode}, which does not count`).join('')
}
