import type { Task } from '@aws-sdk/client-ecs'
import type { Verdict } from '@deploy-kit/core/action'
import { explainStoppedTask } from '@deploy-kit/core/ecs/stopped-task'
import { findContainer } from './idempotency.ts'

export type Outcome = 'succeeded' | 'failed' | 'not-started' | 'timed-out' | 'cancelled'

/** How the run ended, in outputs' terms and in one sentence. */
export interface Judgement {
  readonly outcome: Outcome
  readonly headline: string
}

/** The verdict of a stopped task, by the named container alone. A container that never ran has no exit code: a failure. */
export function judgeStoppedTask(task: Task, container: string, essential: readonly string[]): Judgement {
  const exitCode = findContainer(task, container)?.exitCode
  const others = (task.containers ?? []).filter(
    ({ name, exitCode: code }) => name !== container && code !== undefined && code !== 0,
  )
  if (exitCode === 0) {
    const noted = others.map(
      ({ name, exitCode: code }) => `${name} exited with ${code} afterwards, which does not count`,
    )
    return { outcome: 'succeeded', headline: [`Container ${container} exited with 0`, ...noted].join('; ').concat('.') }
  }
  const explanation = explainStoppedTask(task, exitCode === undefined ? essential : [container])
  const headline = [explanation.what.replace(/\.?$/, '.'), explanation.next].filter((part) => part !== '').join(' ')
  if (exitCode !== undefined) return { outcome: 'failed', headline: `The migration failed: ${headline}` }
  const started = task.startedAt !== undefined
  return {
    outcome: started ? 'failed' : 'not-started',
    headline: `The migration ${started ? 'did not finish' : 'never ran'}: ${headline}`,
  }
}

export function conclusionOf(outcome: Outcome): Verdict['conclusion'] {
  if (outcome === 'succeeded') return 'success'
  return outcome === 'cancelled' ? 'cancelled' : 'failed'
}
