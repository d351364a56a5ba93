import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { type Ecs, ecsWithin } from '@deploy-kit/core/ecs/ecs-client'
import type { ServicePlan } from './deploy-plan.ts'
import type { ServiceReport } from './deploy-result.ts'
import { readTaskLog, type TaskLog } from './task-log.ts'

/** A diagnosis must not keep anybody waiting. */
const LONGEST_MS = 5000
/** Logs of more services than this nobody reads in a summary. */
const MOST = 3

/** The last log lines of the last task that died, for the services that failed. What cannot be had is left out. */
export async function collectLogs(
  plans: readonly ServicePlan[],
  reports: readonly ServiceReport[],
  from: { ecs: Ecs; deadline: Deadline; context: ActionContext },
): Promise<ReadonlyMap<string, TaskLog>> {
  const { deadline, context } = from
  const failed = reports.filter((report) => report.outcome === 'failed' || report.outcome === 'rolled-back')
  const limitMs = Math.min(LONGEST_MS, deadline.remainingMs())
  const logs = new Map<string, TaskLog>()
  if (limitMs === 0 || context.signal.aborted) return logs
  const ecs = ecsWithin(from.ecs, limitMs, context.signal)
  await Promise.all(
    failed.slice(0, MOST).map(async (report) => {
      const definition = plans.find((plan) => plan.name === report.service)?.wanted
      const task = report.failedTasks.findLast((candidate) => candidate.container !== '')
      if (definition === undefined || task === undefined) return
      const log = await readTaskLog(ecs, { definition, container: task.container, taskArn: task.taskArn })
      if (log !== undefined) logs.set(report.service, log)
    }),
  )
  return logs
}
