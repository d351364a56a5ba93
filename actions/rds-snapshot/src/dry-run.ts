import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import { blocks, code, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import { type CopyTarget, findCopy } from './copy.ts'
import { adviceForHopeless, takesSnapshots } from './database-wait.ts'
import { recordSnapshot } from './outputs.ts'
import type { Pruning } from './pruning.ts'
import type { Database, Snapshot } from './snapshot.ts'
import type { SnapshotSource } from './snapshot-source.ts'

export interface SnapshotPlan {
  readonly source: SnapshotSource
  readonly database: Database
  readonly identifier: string
  readonly found: Snapshot | undefined
  readonly copyTarget: CopyTarget | undefined
  readonly pruning: Pick<Pruning, 'choose'>
}

/** Says exactly what the step would do now. Only reads were sent. */
export async function planSnapshot(plan: SnapshotPlan, context: ActionContext): Promise<Verdict> {
  const { source, database, found } = plan
  context.setOutput('created', false)
  if (found) recordSnapshot(found, source.type, context)
  const steps = await listSteps(plan)
  for (const step of steps) context.log.info(`dry run: would ${step.replaceAll('`', '')}`)
  const summary = table(
    ['Would'],
    steps.map((step) => [step]),
  )
  const hopeless = found ? undefined : adviceForHopeless(database.status)
  if (hopeless === undefined) return { conclusion: 'success', headline: 'Dry run: nothing was changed.', summary }
  return {
    conclusion: 'failed',
    headline: `Dry run: no snapshot could be taken, because ${database.identifier} is ${database.status}.`,
    details: hopeless,
    summary: blocks(escapeMarkdown(hopeless), summary),
  }
}

async function listSteps(plan: SnapshotPlan): Promise<readonly string[]> {
  const { source, database, identifier, found, copyTarget } = plan
  const steps: string[] = []
  if (found) steps.push(`adopt ${code(identifier)}, which is ${code(found.status)}`)
  else {
    if (!takesSnapshots(database))
      steps.push(`wait until ${code(database.identifier)} is available (it is ${code(database.status)})`)
    steps.push(`create snapshot ${code(identifier)} of ${source.type} ${code(database.identifier)}`)
  }
  if (copyTarget) {
    const there = await findCopy(copyTarget, identifier, found?.arn)
    const key = copyTarget.kmsKeyId === undefined ? '' : ` with key ${code(copyTarget.kmsKeyId)}`
    if (there) steps.push(`adopt its copy in ${code(copyTarget.region)}, which is ${code(there.status)}`)
    else steps.push(`copy it to ${code(copyTarget.region)}${key}`)
  }
  for (const snapshot of await plan.pruning.choose(found === undefined))
    steps.push(`delete ${code(snapshot.identifier)} by the retention rule`)
  return steps
}
