import { existsSync } from 'node:fs'
import { type CommandFiles, readCommandFiles } from './command-files.ts'
import { CommandInterpreter } from './command-interpreter.ts'
import type { Frame, JobState } from './job-state.ts'
import { processEnvironment, stepGithub } from './step-environment.ts'
import type { StepLog } from './step-log.ts'
import { runProcess } from './step-process.ts'
import type { StepPlan } from './workflow-plan.ts'
import type { StepRun } from './workflow-run.ts'

/** One phase of one step while it runs. */
export interface Activity {
  readonly job: JobState
  readonly frame: Frame
  readonly plan: StepPlan
  /** The `env` context with the step's own. */
  readonly env: Readonly<Record<string, string>>
  readonly files: CommandFiles
  readonly log: StepLog
  /** Aborted when the step is to end, because it was cancelled or its time is up. */
  readonly signal: AbortSignal
  readonly outputs: Map<string, string>
  readonly summaries: string[]
  /** The steps of a composite action. */
  readonly children: StepRun[]
}

export interface ActivityProcess {
  readonly command: string
  readonly arguments: readonly string[]
  readonly directory: string
  /** Inputs and state of an action. */
  readonly own?: Readonly<Record<string, string>>
  /** `action`, `action_path`, `action_repository`, `action_ref`. */
  readonly github?: Readonly<Record<string, string>>
  readonly saveState?: (name: string, value: string) => void
}

export type ActivityEnd = { readonly isSuccess: true } | { readonly isSuccess: false; readonly exitCode?: number }

/** Runs the process of a step, obeys its workflow commands, and takes over what it wrote to its command files. */
export async function runActivityProcess(activity: Activity, process: ActivityProcess): Promise<ActivityEnd> {
  const { job, frame, log, files } = activity
  let isRefused = false
  const saveState = process.saveState ?? (() => {})
  const interpreter = new CommandInterpreter({
    log,
    masker: job.masker,
    isDebug: job.isDebug,
    setOutput: (name, value) => activity.outputs.set(name, value),
    saveState,
    onRefused: (message) => {
      isRefused = true
      log.error(message)
    },
  })
  const end = await runProcess({
    keeper: job.run.keeper,
    command: process.command,
    arguments: process.arguments,
    directory: process.directory,
    environment: processEnvironment(job, frame, activity.env, stepGithub(files, process.github ?? {}), process.own),
    onLine: (line) => interpreter.readLine(line),
    onStart: (child) => job.processes.push(child),
    signal: activity.signal,
  })
  const isAccepted = await takeCommandFiles(activity, saveState)
  // A folder that is not there is reported as if the command were not.
  if (end.kind === 'notStarted' && !existsSync(process.directory))
    log.error(`The working directory ${process.directory} does not exist`)
  else if (end.kind === 'notStarted')
    log.error(`${process.command} could not be started in ${process.directory}: ${end.message}`)
  if (end.kind !== 'exited') return { isSuccess: false }
  if (end.code !== 0) return { isSuccess: false, exitCode: end.code }
  return { isSuccess: isAccepted && !isRefused }
}

/** @returns false when a file could not be read, which fails the step */
async function takeCommandFiles(
  activity: Activity,
  saveState: (name: string, value: string) => void,
): Promise<boolean> {
  const { job, log } = activity
  const contents = await readCommandFiles(activity.files)
  for (const [name, value] of contents.environment) job.environment.set(name, value)
  for (const [name, value] of contents.output) activity.outputs.set(name, value)
  for (const [name, value] of contents.state) saveState(name, value)
  job.path.unshift(...[...contents.path].reverse())
  if (contents.summary !== '') activity.summaries.push(job.masker.mask(contents.summary))
  for (const error of [...contents.errors, ...contents.warnings]) log.error(error)
  return contents.errors.length === 0
}
