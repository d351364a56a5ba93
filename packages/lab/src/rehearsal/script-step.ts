import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { type Activity, type ActivityEnd, runActivityProcess } from './activity.ts'
import { stepScope } from './job-state.ts'
import { findShell } from './shell.ts'
import { stepGithub } from './step-environment.ts'
import { evaluateText } from './template.ts'
import type { RunWork } from './workflow-plan.ts'

/** A `run` step: the script goes to a file, which the shell is given. */
export async function runScript(activity: Activity, work: RunWork): Promise<ActivityEnd> {
  const { job, frame, log } = activity
  const scope = stepScope(job, frame, activity.env, stepGithub(activity.files, { action: activity.plan.actionName }))
  // `defaults` hold for the steps of the workflow, not for those of a composite action.
  const defaults = frame.composite === undefined ? job.defaults : { shell: undefined, workingDirectory: undefined }
  const script = evaluateText(work.run, scope)
  const option = work.shell === undefined ? defaults.shell : evaluateText(work.shell, scope)
  const folder =
    work.workingDirectory === undefined ? defaults.workingDirectory : evaluateText(work.workingDirectory, scope)
  const machinePath = job.run.settings.machineVariables.PATH ?? ''
  const shell = findShell(option === '' ? undefined : option, [...job.path, ...machinePath.split(delimiter)])
  const file = join(job.directories.temporary, `${randomUUID()}${shell.extension}`)
  await writeFile(file, shell.wrap(script), { mode: 0o755 })
  logScript(activity, script, shell.display)
  const end = await runActivityProcess(activity, {
    command: shell.command,
    arguments: shell.arguments.map((argument) => argument.replaceAll('{0}', file)),
    directory: resolve(job.directories.workspace, folder ?? ''),
    github: { action: activity.plan.actionName },
  })
  if (!end.isSuccess && end.exitCode !== undefined) log.error(`Process completed with exit code ${end.exitCode}.`)
  return end
}

function logScript({ log, env }: Activity, script: string, shell: string): void {
  const lines = script.trimEnd().split('\n')
  log.write(`Run ${lines[0] ?? ''}`, 'group')
  for (const line of lines) log.write(line, 'command')
  log.write(`shell: ${shell}`, 'command')
  logVariables(log, 'env', env)
  log.write('', 'endGroup')
}

/** Lists names and values as the runner does. */
export function logVariables(log: Activity['log'], title: string, variables: Readonly<Record<string, string>>): void {
  const entries = Object.entries(variables)
  if (entries.length === 0) return
  log.write(`${title}:`, 'command')
  for (const [name, value] of entries) log.write(`  ${name}: ${value}`, 'command')
}
