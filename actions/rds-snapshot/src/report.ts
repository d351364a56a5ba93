import { formatDuration } from '@deploy-kit/core/duration'
import { blocks, code, codeBlock, details, table } from '@deploy-kit/core/markdown'
import type { Snapshot } from './snapshot-source.ts'

export interface SnapshotReport {
  readonly type: 'instance' | 'cluster'
  readonly snapshot: Snapshot
  readonly created: boolean
  readonly pruned: readonly string[]
  readonly copy: { readonly region: string; readonly snapshot: Snapshot } | undefined
  readonly elapsedMs: number
}

/** The section of the job summary: what there is, and how to get back from it. */
export function renderReport(report: SnapshotReport): string {
  const { snapshot, copy } = report
  const rows = [
    ['Snapshot', code(snapshot.identifier)],
    ['Database', `${report.type} ${code(snapshot.databaseIdentifier)} (${code(snapshot.engine)})`],
    ['Status', `${code(snapshot.status)}${report.created ? '' : ', adopted from an earlier attempt'}`],
    ['Taken at', snapshot.createdAt ? snapshot.createdAt.toISOString() : 'not begun'],
    ['Size', `${snapshot.sizeGib} GiB, ${snapshot.encrypted ? 'encrypted' : 'not encrypted'}`],
    ...(copy ? [['Copy', `${code(copy.snapshot.arn)} is ${code(copy.snapshot.status)}`]] : []),
    ...(report.pruned.length > 0 ? [['Deleted by retention', report.pruned.map(code).join(', ')]] : []),
    ['Took', formatDuration(report.elapsedMs)],
  ]
  const restore = details('How to restore from it', codeBlock(restoreCommand(report.type, snapshot), 'sh'))
  return blocks(table(['', ''], rows), snapshot.status === 'available' ? restore : '')
}

/** Restoring always makes a new database; the groups are the default ones unless they are given. */
export function restoreCommand(type: 'instance' | 'cluster', snapshot: Snapshot): string {
  const target = `${snapshot.databaseIdentifier}-restored`
  if (type === 'instance') {
    return [
      'aws rds restore-db-instance-from-db-snapshot \\',
      `  --db-instance-identifier ${target} \\`,
      `  --db-snapshot-identifier ${snapshot.identifier} \\`,
      '  --db-subnet-group-name <subnet group of the old one> --vpc-security-group-ids <its groups> \\',
      '  --db-parameter-group-name <its parameter group>',
      `aws rds wait db-instance-available --db-instance-identifier ${target}`,
    ].join('\n')
  }
  return [
    'aws rds restore-db-cluster-from-snapshot \\',
    `  --db-cluster-identifier ${target} --engine ${snapshot.engine} \\`,
    `  --snapshot-identifier ${snapshot.identifier} \\`,
    '  --db-subnet-group-name <subnet group of the old one> --vpc-security-group-ids <its groups>',
    '# An Aurora cluster has no instance yet:',
    `aws rds create-db-instance --db-cluster-identifier ${target} --db-instance-identifier ${target}-1 \\`,
    `  --engine ${snapshot.engine} --db-instance-class <class of the old one>`,
  ].join('\n')
}
