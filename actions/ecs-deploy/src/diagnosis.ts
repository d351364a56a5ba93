import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { type Ecs, ecsWithin } from '@deploy-kit/core/ecs/ecs-client'
import type { ServicePlan } from './deploy-plan.ts'
import type { ServiceReport } from './deploy-result.ts'
import { readUnhealthyTargets } from './target-health.ts'
import { readTaskLog, type TaskLog } from './task-log.ts'

/** What is looked up only when a service has failed. */
export interface Diagnosis {
  readonly log: TaskLog | undefined
  /** One line for each target that the load balancer does not find healthy. */
  readonly unhealthyTargets: readonly string[]
}

/** A diagnosis must not keep anybody waiting. */
const LONGEST_MS = 5000
/** Diagnoses of more services than this nobody reads in a summary. */
const MOST = 3

/** Looks into the services that failed. What cannot be had is left out, and nothing outlives the deadline. */
export async function diagnose(
  plans: readonly ServicePlan[],
  reports: readonly ServiceReport[],
  from: { ecs: Ecs; deadline: Deadline; context: ActionContext },
): Promise<ReadonlyMap<string, Diagnosis>> {
  const { deadline, context } = from
  const failed = reports.filter((report) => report.outcome === 'failed' || report.outcome === 'rolled-back')
  const limitMs = Math.min(LONGEST_MS, deadline.remainingMs())
  if (limitMs === 0 || context.signal.aborted) return new Map()
  const ecs = ecsWithin(from.ecs, limitMs, context.signal)
  const diagnoses = failed.slice(0, MOST).flatMap((report) => {
    const plan = plans.find((candidate) => candidate.name === report.service)
    return plan === undefined ? [] : [diagnoseService(plan, report, ecs)]
  })
  return new Map(await Promise.all(diagnoses))
}

async function diagnoseService(
  plan: ServicePlan,
  report: ServiceReport,
  ecs: Ecs,
): Promise<readonly [string, Diagnosis]> {
  const [log, unhealthyTargets] = await Promise.all([
    readLastLog(plan, report, ecs),
    readUnhealthyTargets(ecs, plan.service),
  ])
  return [plan.name, { log, unhealthyTargets }]
}

/** The end of the log of the last task that died of a container that ran. */
async function readLastLog(plan: ServicePlan, report: ServiceReport, ecs: Ecs): Promise<TaskLog | undefined> {
  const task = report.failedTasks.findLast((candidate) => candidate.container !== '' && candidate.exitCode !== null)
  if (task === undefined) return undefined
  return await readTaskLog(ecs, { definition: plan.wanted, container: task.container, taskArn: task.taskArn })
}
