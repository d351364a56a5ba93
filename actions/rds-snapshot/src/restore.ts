import type { RestoreOption } from './restore-options.ts'
import { isAurora, regionOf, type Snapshot } from './snapshot.ts'

/** What a restore takes from the database that is there now. */
export interface RestoreSettings {
  readonly type: 'instance' | 'cluster'
  readonly restoreOptions: readonly RestoreOption[]
  readonly writer: string | undefined
}

/**
 * The commands of the AWS CLI that make a database like the old one from the snapshot, ready to be run ("Restoring to a
 * DB instance" and "Restoring from a DB cluster snapshot" in the RDS and the Aurora User Guide).
 */
export function restoreCommands(settings: RestoreSettings, snapshot: Snapshot): string {
  const target = `${snapshot.databaseIdentifier.slice(0, 54).replace(/-+$/, '')}-restored`
  const region: RestoreOption = ['--region', regionOf(snapshot.arn)]
  if (settings.type === 'instance') {
    return [
      command('restore-db-instance-from-db-snapshot', [
        region,
        ['--db-instance-identifier', target],
        ['--db-snapshot-identifier', snapshot.identifier],
        ...settings.restoreOptions,
      ]),
      command('wait db-instance-available', [region, ['--db-instance-identifier', target]]),
    ].join('\n\n')
  }
  const cluster = [
    command('restore-db-cluster-from-snapshot', [
      region,
      ['--db-cluster-identifier', target],
      ['--snapshot-identifier', snapshot.identifier],
      ...settings.restoreOptions,
    ]),
    command('wait db-cluster-available', [region, ['--db-cluster-identifier', target]]),
  ]
  return [...cluster, ...(isAurora(snapshot.engine) ? [firstInstance(settings, snapshot, target, region)] : [])].join(
    '\n\n',
  )
}

/** A restored Aurora cluster has no instance yet, and takes no connections without one. */
function firstInstance(settings: RestoreSettings, snapshot: Snapshot, target: string, region: RestoreOption): string {
  const instanceClass =
    settings.writer === undefined
      ? '<instance class>'
      : `"$(aws rds describe-db-instances ${region.join(' ')} --db-instance-identifier ${settings.writer} --query 'DBInstances[0].DBInstanceClass' --output text)"`
  return command('create-db-instance', [
    region,
    ['--db-cluster-identifier', target],
    ['--db-instance-identifier', `${target}-1`],
    ['--engine', snapshot.engine],
    ['--db-instance-class', instanceClass],
  ])
}

function command(verb: string, options: readonly RestoreOption[]): string {
  const lines = options.map(([name, ...values]) => `  ${[name, ...values.map(quote)].join(' ')}`)
  return [`aws rds ${verb}`, ...lines].join(' \\\n')
}

/** A subnet group's name may hold blanks. What is a substitution of ours already is left alone. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$|^"\$\(/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}
