import type { Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import { formatDuration } from '@deploy-kit/core/duration'
import { blocks, code, codeBlock, table } from '@deploy-kit/core/markdown'
import type { Launch } from './launch.ts'
import type { Outcome } from './outcome.ts'
import { exitCodeOf } from './tasks.ts'

/** Sets what is known of the task. */
export function recordTask(task: Task | undefined, container: string, outcome: Outcome, context: ActionContext): void {
  context.setOutput('outcome', outcome)
  context.setOutput('exit-code', exitCodeOf(task, container) ?? '')
  context.setOutput('stop-code', task?.stopCode ?? '')
  context.setOutput('stopped-reason', task?.stoppedReason ?? '')
}

export interface MigrationRun {
  readonly task: Task | undefined
  readonly taskArn: string
  readonly launch: Launch
  readonly outcome: Outcome
  readonly reattached: boolean
  readonly elapsedMs: number
  readonly tail: readonly string[]
  /** The console's page of the log, where there is one. */
  readonly logUrl: string | undefined
}

/** An annotation holds 64 kB and is read in a narrow column: the last lines say which statement failed, and why. */
const QUOTED_LINES = 10
const QUOTED_CHARACTERS = 300

/** The end of the container's log for the annotation; empty when there is none. */
export function quoteEnd(tail: readonly string[]): string {
  const lines = tail
    .flatMap((message) => message.split(/[\r\n]+/))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed.
    .map((line) => line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').trimEnd())
    .filter((line) => line.trim() !== '')
    .slice(-QUOTED_LINES)
    .map((line) => (line.length > QUOTED_CHARACTERS ? `${line.slice(0, QUOTED_CHARACTERS)}…` : line))
  return lines.length === 0 ? '' : `The log ends with:\n${lines.join('\n')}`
}

/** The section of the job summary; on failure with the last lines of the log, where the statement's error stands. */
export function renderRun(run: MigrationRun): string {
  const { task, launch } = run
  const exitCode = exitCodeOf(task, launch.container)
  const rows = [
    ['Outcome', `${code(run.outcome)}${run.reattached ? ', of a task that an earlier attempt started' : ''}`],
    ['Task', code(run.taskArn)],
    ['Container', code(launch.container)],
    ['Exit code', exitCode === undefined ? 'none' : code(String(exitCode))],
    ...(task?.stoppedReason ? [['Stopped', `${code(task.stopCode ?? '')} ${code(task.stoppedReason)}`]] : []),
    ...(run.logUrl === undefined ? [] : [['Log', `[in CloudWatch](${run.logUrl})`]]),
    ['Took', formatDuration(run.elapsedMs)],
  ]
  const failed = run.outcome !== 'succeeded' && run.tail.length > 0
  return blocks(
    table(['', ''], rows),
    failed ? blocks('Last lines of its log:', codeBlock(run.tail.slice(-20).join('\n'))) : '',
  )
}
