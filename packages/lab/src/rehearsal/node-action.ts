import { join } from 'node:path'
import { inputVariables } from './action-inputs.ts'
import type { NodeRuns } from './action-manifest.ts'
import type { ActionUse, UseSource } from './action-use.ts'
import { type Activity, type ActivityEnd, runActivityProcess } from './activity.ts'
import type { StepPhase } from './workflow-run.ts'

/** One phase of a JavaScript action. */
export async function runNode(
  activity: Activity,
  use: ActionUse,
  source: Extract<UseSource, { kind: 'action' }>,
  runs: NodeRuns,
  inputs: Record<string, string>,
  phase: StepPhase,
): Promise<ActivityEnd> {
  const { job, log } = activity
  if (runs.using !== 'node24')
    job.run.notice(`Actions that ask for ${runs.using} are run by Node ${process.versions.node}`)
  const script = phase === 'main' ? runs.main : phase === 'pre' ? runs.pre : runs.post
  const end = await runActivityProcess(activity, {
    command: process.execPath,
    arguments: [join(source.directory, script ?? '')],
    directory: job.directories.workspace,
    own: { ...inputVariables(inputs), ...stateVariables(use.state), ...source.variables },
    github: { action: use.plan.actionName, ...source.github },
    saveState: (name, value) => use.state.set(name, value),
  })
  const hasSaidWhy = log.annotations.some((annotation) => annotation.level === 'error')
  if (!end.isSuccess && end.exitCode !== undefined && !hasSaidWhy)
    log.error(`The action ended with exit code ${end.exitCode} and did not say why.`)
  return end
}

function stateVariables(state: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...state].map(([name, value]) => [`STATE_${name}`, value]))
}
