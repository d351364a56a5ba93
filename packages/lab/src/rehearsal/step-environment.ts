import { delimiter } from 'node:path'
import type { CommandFiles } from './command-files.ts'
import { githubVariables, runnerVariables } from './github-context.ts'
import type { Frame, JobState } from './job-state.ts'

/** The members of the `github` context that only a running step has. */
export function stepGithub(files: CommandFiles, action: Readonly<Record<string, string>>): Record<string, string> {
  return {
    ...action,
    env: files.environment,
    output: files.output,
    path: files.path,
    state: files.state,
    step_summary: files.summary,
  }
}

/**
 * The whole environment of a step's process: the machine's own, the `env` context, then what GitHub sets, which a
 * workflow cannot replace.
 */
export function processEnvironment(
  job: JobState,
  frame: Frame,
  env: Readonly<Record<string, string>>,
  github: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const machine = job.run.settings.machineVariables
  const path = [...job.path, env.PATH ?? machine.PATH ?? ''].join(delimiter)
  return {
    ...machine,
    HOME: job.directories.home,
    ...job.hiddenVariables,
    ...env,
    ...own,
    ...githubVariables({ ...(job.contexts.github as object), ...frame.github, ...github }),
    ...runnerVariables(job.contexts.runner as Record<string, string>),
    ...(job.isDebug ? { RUNNER_DEBUG: '1' } : {}),
    PATH: path,
  }
}
