import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import { code, table } from '@deploy-kit/core/markdown'
import { adviceForHopeless } from './database-wait.ts'
import type { Inputs } from './inputs.ts'
import { listPrunable } from './pruning.ts'
import type { Database, Snapshot, SnapshotSource } from './snapshot-source.ts'

export interface SnapshotPlan {
  readonly inputs: Inputs
  readonly source: SnapshotSource
  readonly database: Database
  readonly identifier: string
  readonly found: Snapshot | undefined
}

/** Says exactly what the step would do now. Only reads were sent. */
export async function planSnapshot(plan: SnapshotPlan, context: ActionContext): Promise<Verdict> {
  const { inputs, source, database, identifier, found } = plan
  const steps: string[] = []
  const hopeless = found ? undefined : adviceForHopeless(database.status)
  if (found) steps.push(`adopt ${code(identifier)}, which is ${code(found.status)}`)
  else {
    if (database.status !== 'available')
      steps.push(`wait until ${code(database.identifier)} is available (it is ${code(database.status)})`)
    steps.push(`create snapshot ${code(identifier)} of ${source.type} ${code(database.identifier)}`)
  }
  if (inputs.copyToRegion !== undefined) steps.push(`copy it to ${code(inputs.copyToRegion)}`)
  const prunable = await listPrunable(source, { inputs, database, newIdentifier: identifier }, context)
  for (const snapshot of prunable) steps.push(`delete ${code(snapshot.identifier)} by the retention rule`)
  context.setOutput('snapshot-identifier', identifier)
  context.setOutput('snapshot-type', source.type)
  context.setOutput('engine', database.engine)
  context.setOutput('pruned', [])
  context.setOutput('created', false)
  for (const step of steps) context.log.info(`dry run: would ${step.replaceAll('`', '')}`)
  const summary = table(
    ['Would'],
    steps.map((step) => [step]),
  )
  if (hopeless === undefined) return { conclusion: 'success', headline: 'Dry run: nothing was changed.', summary }
  return {
    conclusion: 'failed',
    headline: `Dry run: no snapshot could be taken, because ${database.identifier} is ${database.status}. ${hopeless}`,
    summary,
  }
}
