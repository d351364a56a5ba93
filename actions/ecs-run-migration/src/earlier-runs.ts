import type { Task } from '@aws-sdk/client-ecs'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { type RunIdentity, STARTED_BY_PREFIX } from './idempotency.ts'
import { describeTasks, exitCodeOf, findContainer, listTasks } from './tasks.ts'

/**
 * Where the task of an earlier attempt is. `ending`: told to stop, and its container has not ended. `foreign`: it has
 * stopped, and has no container of that name, so that it cannot be judged.
 */
export type RunState = 'running' | 'ending' | 'succeeded' | 'failed' | 'foreign'

/** By the named container alone, as the verdict is. */
export function stateOf(task: Task, container: string): RunState {
  const exitCode = exitCodeOf(task, container)
  if (exitCode !== undefined) return exitCode === 0 ? 'succeeded' : 'failed'
  if (task.lastStatus === 'STOPPED') {
    const judged = findContainer(task, container) !== undefined || (task.containers ?? []).length === 0
    return judged ? 'failed' : 'foreign'
  }
  return task.desiredStatus === 'STOPPED' ? 'ending' : 'running'
}

/** What ECS shows: it forgets a stopped task after an hour or somewhat more (DescribeTasks). */
export interface Visible {
  /** Of this key, newest first. */
  readonly own: readonly Task[]
  /** Migrations with other keys on the same family that run, or will. */
  readonly others: readonly Task[]
}

export async function findVisibleRuns(
  ecs: Ecs,
  where: { cluster: string; family: string; container: string },
  identity: RunIdentity,
): Promise<Visible> {
  const { cluster, family } = where
  // ListTasks: startedBy must be the only filter, and lists what is meant to run; stopped ones are found by family.
  const lists = await Promise.all([
    listTasks(ecs, { cluster, startedBy: identity.startedBy }),
    listTasks(ecs, { cluster, family }),
    listTasks(ecs, { cluster, family, desiredStatus: 'STOPPED' }),
  ])
  const tasks = await describeTasks(ecs, cluster, [...new Set(lists.flat())])
  const isOwn = (task: Task): boolean => task.startedBy === identity.startedBy
  return {
    own: tasks.filter(isOwn).sort((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0)),
    others: tasks.filter(
      (task) => !isOwn(task) && task.startedBy?.startsWith(STARTED_BY_PREFIX) && task.desiredStatus === 'RUNNING',
    ),
  }
}
