import { formatDuration } from '@deploy-kit/core/duration'
import { blocks, code, codeBlock, details, table } from '@deploy-kit/core/markdown'
import { type RestoreSettings, restoreCommands } from './restore.ts'
import { isAurora, type Snapshot } from './snapshot.ts'

export interface SnapshotReport {
  readonly settings: RestoreSettings
  readonly snapshot: Snapshot
  readonly created: boolean
  readonly pruned: readonly string[]
  readonly copy: Snapshot | undefined
  readonly elapsedMs: number
}

/** The section of the job summary: what there is, and how to get back from it. */
export function renderReport(report: SnapshotReport): string {
  const { settings, snapshot, copy } = report
  const rows = [
    ['Snapshot', code(snapshot.identifier)],
    ['Database', `${settings.type} ${code(snapshot.databaseIdentifier)} (${code(snapshot.engine)})`],
    ['Status', `${code(snapshot.status)}${report.created ? '' : ', adopted from an earlier attempt'}`],
    ['Taken at', snapshot.createdAt ? snapshot.createdAt.toISOString() : 'not known before it is available'],
    ['Size', `${sizeOf(snapshot)}, ${snapshot.encrypted ? 'encrypted' : 'not encrypted'}`],
    ...(copy ? [['Copy', `${code(copy.arn)} is ${code(copy.status)}`]] : []),
    ...(report.pruned.length > 0 ? [['Deleted by retention', report.pruned.map(code).join(', ')]] : []),
    ['Took', formatDuration(report.elapsedMs)],
  ]
  const restore = details('How to restore from it', codeBlock(restoreCommands(settings, snapshot), 'sh'))
  return blocks(table(['', ''], rows), snapshot.status === 'available' ? restore : '')
}

function sizeOf({ engine, sizeGib }: Snapshot): string {
  return isAurora(engine) ? 'Aurora’s, which RDS does not report' : `${sizeGib} GiB`
}
