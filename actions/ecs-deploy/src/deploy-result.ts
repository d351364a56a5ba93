import type { Service } from '@aws-sdk/client-ecs'
import type { RolloutResult } from '@deploy-kit/core/ecs/rollout'
import type { RolloutsEnd } from '@deploy-kit/core/ecs/rollouts'
import { explainStoppedTask } from '@deploy-kit/core/ecs/stopped-task'
import { ActionError } from '@deploy-kit/core/errors'
import type { ServicePlan } from './deploy-plan.ts'

export type Outcome = 'deployed' | 'unchanged' | 'failed' | 'rolled-back' | 'timed-out' | 'cancelled'

/** `in-flight` and `not-started` are what the others are when one service ended the step. */
export type ServiceOutcome = Outcome | 'in-flight' | 'not-started'

/** One service in the output `report`. */
export interface ServiceReport {
  readonly service: string
  readonly outcome: ServiceOutcome
  /** The state in words; on failure, why. */
  readonly reason: string
  readonly previousTaskDefinition: string
  readonly taskDefinition: string
  readonly deploymentId: string
  readonly registered: boolean
  readonly failedTasks: readonly FailedTaskReport[]
  /** What to do next, where the error itself knows. */
  readonly next: string
  /** Service events since the change, newest first. */
  readonly events: readonly string[]
  readonly startedAt: string
  readonly endedAt: string
}

export interface FailedTaskReport {
  readonly taskArn: string
  readonly stopCode: string
  readonly reason: string
  readonly next: string
  readonly container: string
  readonly exitCode: number | null
  readonly stoppedAt: string
}

const MOST_EVENTS = 10

/** What became of one service. */
export function reportService(
  plan: ServicePlan,
  result: RolloutResult | undefined,
  end: RolloutsEnd,
  registered: boolean,
): ServiceReport {
  const { change, description, startedAt, endedAt } = result ?? {}
  return {
    service: plan.name,
    outcome: result === undefined ? 'not-started' : serviceOutcome(result, end),
    reason: result?.state.state ?? 'not started',
    next: adviceOf(result),
    previousTaskDefinition: plan.current.arn,
    taskDefinition: change?.taskDefinition ?? plan.revision?.arn ?? '',
    deploymentId: change?.deploymentId ?? '',
    registered,
    failedTasks: (result?.failedTasks ?? []).map((task) => reportTask(task, plan)),
    events: newEvents(plan, description),
    startedAt: startedAt?.toISOString() ?? '',
    endedAt: endedAt?.toISOString() ?? '',
  }
}

function adviceOf(result: RolloutResult | undefined): string {
  if (result?.state.kind === 'replaced')
    return 'Somebody else deploys this service at the same time: put these jobs into one concurrency group, let that deployment finish, then run this one again.'
  return result?.state.kind === 'error' && result.state.error instanceof ActionError ? result.state.error.advice : ''
}

/** Those that were not there before; ids, because the clocks of this machine and of AWS may differ. */
function newEvents(plan: ServicePlan, description: Service | undefined): readonly string[] {
  const before = new Set(plan.service.events?.map((event) => event.id))
  const since = (description?.events ?? []).filter((event) => !before.has(event.id))
  return since.slice(0, MOST_EVENTS).map((event) => event.message ?? '')
}

function reportTask(task: RolloutResult['failedTasks'][number], plan: ServicePlan): FailedTaskReport {
  const essential = plan.wanted.containerDefinitions
    .filter((container) => container.essential !== false)
    .map((container) => container.name)
  const explanation = explainStoppedTask(task, essential)
  const culprit = task.containers?.find((container) => container.name === explanation.container)
  return {
    taskArn: task.taskArn ?? '',
    stopCode: task.stopCode ?? '',
    reason: explanation.what,
    next: explanation.next,
    container: explanation.container ?? '',
    exitCode: culprit?.exitCode ?? null,
    stoppedAt: task.stoppedAt?.toISOString() ?? '',
  }
}

function serviceOutcome(result: RolloutResult, end: RolloutsEnd): ServiceOutcome {
  switch (result.state.kind) {
    case 'steady':
      return 'deployed'
    case 'unchanged':
      return 'unchanged'
    case 'waiting':
      return 'not-started'
    case 'in-progress':
      if (end === 'requested') return 'deployed'
      return end === 'ended' ? 'in-flight' : end
    case 'failed':
      return result.state.reverting === undefined ? 'failed' : 'rolled-back'
    default:
      return 'failed'
  }
}

/** The step's outcome: the worst of its services. */
export function stepOutcome(reports: readonly ServiceReport[], end: RolloutsEnd): Outcome {
  const has = (outcome: ServiceOutcome): boolean => reports.some((report) => report.outcome === outcome)
  if (has('failed')) return 'failed'
  if (has('rolled-back')) return 'rolled-back'
  if (end === 'cancelled' || end === 'timed-out') return end
  return reports.every((report) => report.outcome === 'unchanged') ? 'unchanged' : 'deployed'
}
