import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ActionContext } from '../action.ts'
import { messageOf } from '../errors.ts'
import type { JsonObject } from './wire-json.ts'

/**
 * What this job itself did to a service. ecs-deploy and auto-rollback write it, auto-rollback's post step reads it to
 * tell this job's deployments from somebody else's.
 *
 * The mechanism is a file in RUNNER_TEMP, one JSON object a line: the folder is the job's own, is there for every step
 * of it, and is emptied by the runner afterwards; outputs and state are of one step only, and AWS does not say who
 * called UpdateService. A line without `deploymentId` is written before the request is sent, one with it when the
 * answer has come, so that a step that dies in between leaves its intent behind.
 */
export interface JobDeployment {
  readonly serviceArn: string
  readonly taskDefinition: string
  /** The deployments that there were before the request. */
  readonly before: readonly string[]
  readonly deploymentId?: string
}

/** Appends to the record. Never fails the step: a record that cannot be written is a warning. */
export async function recordDeployment(context: ActionContext, deployment: JobDeployment): Promise<void> {
  const file = recordFile(context)
  if (file === undefined) return
  try {
    await mkdir(dirname(file), { recursive: true })
    await appendFile(file, `${JSON.stringify(deployment)}\n`)
  } catch (error) {
    context.log.warning(
      `The deployment could not be recorded for this job (${messageOf(error)}). An auto-rollback in this job treats every change since it was armed as this job's.`,
    )
  }
}

/** What this job recorded about one service, oldest first. */
export async function readJobDeployments(
  context: ActionContext,
  serviceArn: string,
): Promise<readonly JobDeployment[]> {
  const file = recordFile(context)
  if (file === undefined) return []
  const content = await readFile(file, 'utf8').catch(() => '')
  return content
    .split('\n')
    .flatMap(parseLine)
    .filter((deployment) => deployment.serviceArn === serviceArn)
}

/** Whether a deployment that runs now is one of those: by its id, else by an intent whose answer was never seen. */
export function isOwnDeployment(
  own: readonly JobDeployment[],
  deployment: { readonly id?: string | undefined; readonly taskDefinition?: string | undefined },
): boolean {
  const { id = '', taskDefinition } = deployment
  if (own.some((entry) => entry.deploymentId === id)) return true
  return own.some(
    (entry) =>
      entry.taskDefinition === taskDefinition &&
      entry.deploymentId === undefined &&
      !entry.before.includes(id) &&
      !own.some((answer) => answer.deploymentId !== undefined && isAnswerTo(entry, answer)),
  )
}

/** An answer belongs to the intent that was recorded with the same revision and the same deployments before. */
function isAnswerTo(intent: JobDeployment, answer: JobDeployment): boolean {
  return intent.taskDefinition === answer.taskDefinition && intent.before.join() === answer.before.join()
}

function recordFile(context: ActionContext): string | undefined {
  const temporary = context.environment.RUNNER_TEMP ?? ''
  if (temporary === '') return undefined
  const { runId, runAttempt, job } = context.run
  const name = `ecs-${runId}-${runAttempt}-${job}.jsonl`.replaceAll(/[^\w.-]/g, '_')
  return join(temporary, 'deploy-kit', name)
}

/** A line that was cut off when its writer died is not one. */
function parseLine(line: string): JobDeployment[] {
  try {
    const { serviceArn, taskDefinition, before, deploymentId } = JSON.parse(line) as JsonObject
    if (typeof serviceArn !== 'string' || typeof taskDefinition !== 'string' || !Array.isArray(before)) return []
    const ids = before.filter((id): id is string => typeof id === 'string')
    return [{ serviceArn, taskDefinition, before: ids, ...(typeof deploymentId === 'string' && { deploymentId }) }]
  } catch {
    return []
  }
}
