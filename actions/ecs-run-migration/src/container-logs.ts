import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import type { Inputs } from './inputs.ts'
import type { Launch } from './launch.ts'
import { type LogLocation, locateLog, logUrl } from './log-location.ts'
import type { Judgement } from './outcome.ts'
import { TaskLog } from './task-log.ts'

/** The logs of a task, as the input `logs` wants them. */
export interface ContainerLogs {
  /** Of the container that is judged; missing when it cannot or must not be read. */
  readonly named: TaskLog | undefined
  /** The console's page of it. */
  readonly url: string | undefined
  /** Prints what is shown at the end only; returns the last lines for the summary, of the container that explains it. */
  showEnd(judgement: Judgement, deadline: Deadline): Promise<readonly string[]>
}

interface LogsOf {
  readonly launch: Launch
  readonly taskArn: string
  readonly ecs: Ecs
  readonly mode: Inputs['logs']
}

/** Sets log-url, and says why there is no log if there is none. */
export function openLogs(of: LogsOf, context: ActionContext): ContainerLogs {
  const { launch, mode } = of
  const location = findLog(of, launch.container, context)
  const url = location && logUrl(location)
  if (url !== undefined) context.setOutput('log-url', url)
  const open = (at: LogLocation | undefined, print: boolean): TaskLog | undefined =>
    at === undefined || mode === 'none' ? undefined : new TaskLog(at, of.ecs.config, context, { print })
  const named = open(location, mode === 'stream')
  return {
    named,
    url,
    async showEnd({ outcome, culprit }, deadline) {
      const tail = named?.tail() ?? []
      if (mode === 'tail' && named) context.log.group(`Last lines of ${launch.container}`, tail)
      if (culprit === undefined || outcome === 'succeeded') return tail
      const other = open(findLog(of, culprit, context), false)
      await other?.readToTheEnd(deadline)
      const its = other?.tail() ?? []
      if (its.length > 0) context.log.group(`Last lines of ${culprit}`, its)
      return its.length > 0 ? its : tail
    },
  }
}

function findLog(
  { launch, taskArn, ecs, mode }: LogsOf,
  name: string,
  { log }: ActionContext,
): LogLocation | undefined {
  const container = launch.wanted.containerDefinitions.find((candidate) => candidate.name === name)
  const location = container
    ? locateLog(container, taskArn, ecs.config.region)
    : `container ${name} is not in the task definition`
  if (typeof location !== 'string') return location
  if (mode !== 'none') log.info(`No log to show: ${location}.`)
  return undefined
}
