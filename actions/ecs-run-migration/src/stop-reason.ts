import type { Task } from '@aws-sdk/client-ecs'
import { explainStoppedTask, type StopExplanation } from '@deploy-kit/core/ecs/stopped-task'
import { exitCodeOf } from './tasks.ts'

/** Stop codes of tasks that were ended from outside (ECS API, Task stopCode). */
const FROM_OUTSIDE: Readonly<Record<string, Omit<StopExplanation, 'container'>>> = {
  UserInitiated: {
    what: 'The task was stopped with StopTask',
    next: 'If nobody on the team did it, CloudTrail shows who called StopTask. What the migration had done by then is as your tool leaves it: look before you run it again.',
  },
  SpotInterruption: {
    what: 'AWS took the Spot capacity back while the migration ran',
    next: 'Run migrations on capacity that is not Spot: set launch-type to FARGATE. Look at the database, then run the job again.',
  },
  TerminationNotice: {
    what: 'AWS ended the task for maintenance or because its capacity was taken back',
    next: 'Look at the database, then run the job again.',
  },
  InfrastructureHealth: {
    what: 'The machine below the task failed',
    next: 'Look at the database, then run the job again.',
  },
  ServiceSchedulerInitiated: {
    what: 'A service ended the task',
    next: 'Look at the events of the service.',
  },
}

/** SIGTERM and SIGKILL: the container did not end by itself. */
const SIGNALLED = new Set([143, 137])

/**
 * Why the named container did not exit with 0: for a person, with the next step.
 *
 * @param essential names of the containers that are essential: the first of them to end takes the others with it
 */
export function explainFailure(task: Task, container: string, essential: readonly string[]): StopExplanation {
  const exitCode = exitCodeOf(task, container)
  const outside = FROM_OUTSIDE[task.stopCode ?? '']
  if (outside !== undefined) {
    const code = exitCode === undefined ? '' : `; the container ${container} exited with code ${exitCode}`
    const reason = task.stoppedReason ? ` (${task.stoppedReason})` : ''
    return { what: `${outside.what}${reason}${code}`, next: outside.next, container }
  }
  const first = exitCode === undefined || SIGNALLED.has(exitCode) ? endedFirst(task, container, essential) : undefined
  if (first !== undefined) {
    return {
      what: `The essential container ${first.name} exited with code ${first.exitCode}, so ECS stopped the task before ${container} had finished${exitCode === undefined ? '' : ` (${container} exited with ${exitCode})`}`,
      next: `Read the log of ${first.name}, or make it not essential in the task definition.`,
      container: first.name,
    }
  }
  return explainStoppedTask(exitCode === undefined ? task : onlyOf(task, container), essential)
}

function endedFirst(
  task: Task,
  container: string,
  essential: readonly string[],
): { name: string; exitCode: number } | undefined {
  if (task.stopCode !== 'EssentialContainerExited') return undefined
  for (const { name = '', exitCode } of task.containers ?? []) {
    if (name === container || !essential.includes(name) || exitCode === undefined) continue
    if (!SIGNALLED.has(exitCode)) return { name, exitCode }
  }
  return undefined
}

/** Without the other containers: why they ended is not why this one failed. */
function onlyOf(task: Task, container: string): Task {
  return { ...task, containers: (task.containers ?? []).filter(({ name }) => name === container) }
}
