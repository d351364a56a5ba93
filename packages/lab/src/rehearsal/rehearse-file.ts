import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { startLab } from '../lab.ts'
import { exampleWorld, loadWorld, type World } from '../world.ts'
import type { RehearseArguments } from './command-line.ts'
import { createConsoleLog } from './console-log.ts'
import { observe, type Rehearsal } from './rehearsal.ts'
import type { RunOptions } from './run-options.ts'
import { checkWorkflow, runWorkflow } from './run-workflow.ts'

/** Long enough for an action's post step to put a service back, short enough for somebody who waits. */
const cancelGraceMs = 60_000

/**
 * Plays a workflow file of the user's own against a lab of its own.
 * @throws Refusal before anything has run
 * @throws Error when the lab does not start
 */
export async function rehearseFile(
  given: RehearseArguments & { readonly workflowFile: string },
  signal: AbortSignal,
  releaseTree: () => Promise<string>,
  print: (line: string) => void,
): Promise<Rehearsal> {
  const options: RunOptions = {
    workflowFile: given.workflowFile,
    ...(given.event === undefined ? {} : { event: given.event }),
    ...(given.ref === undefined ? {} : { ref: given.ref }),
    ...(given.actionsFrom === undefined ? {} : { actionsFrom: given.actionsFrom }),
    inputs: given.inputs,
    secrets: given.secrets,
    vars: given.vars,
    actionFolders: given.actionFolders,
    skippedActions: given.skippedActions,
    releaseTree,
    cancelGraceMs,
    signal,
  }
  const trigger = await checkWorkflow(options)
  refuseCancelled(signal)
  print(`Rehearsing ${given.workflowFile}: ${trigger.name} on ${trigger.ref}`)
  const world = await worldFor(given, print)
  await using lab = await startLab({ world, repository: trigger.repository })
  refuseCancelled(signal)
  const environment = { ...lab.environment, GITHUB_REPOSITORY: trigger.repository }
  const seen = await observe(lab, basename(given.workflowFile), () =>
    runWorkflow({
      ...options,
      vars: { ...lab.variables, ...given.vars },
      environment,
      github: lab.github,
      onEvent: createConsoleLog(print),
    }),
  )
  return { ...seen, expectations: [] }
}

function refuseCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new Error('Cancelled before the first step: nothing was run')
}

/** The world, in which the roles that the workflow names can be assumed: they exist in the user's account, not in ours. */
async function worldFor(
  given: RehearseArguments & { readonly workflowFile: string },
  print: (line: string) => void,
): Promise<World> {
  const world = await loadWorld(given.world ?? exampleWorld)
  const texts = [
    await readFile(given.workflowFile, 'utf8'),
    ...Object.values(given.secrets),
    ...Object.values(given.vars),
  ]
  const named = texts.flatMap((text) => text.match(/\barn:aws:iam::\d{12}:role\/[\w+=,.@/-]+/g) ?? [])
  const missing = [...new Set(named)].filter((arn) => !world.roles.some((role) => role.arn === arn))
  for (const arn of missing) print(`note: the lab lets the workflow assume ${arn}, which may do everything there`)
  return { ...world, roles: [...world.roles, ...missing.map((arn) => ({ arn }))] }
}
