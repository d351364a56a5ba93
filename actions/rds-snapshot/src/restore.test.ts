import { expect, test } from 'vitest'
import { restoreCommands } from './restore.ts'
import { presentOptions } from './restore-options.ts'
import type { Snapshot } from './snapshot.ts'

const snapshot: Snapshot = {
  identifier: 'nightly-1',
  arn: 'arn:aws:rds:eu-central-1:123456789012:snapshot:nightly-1',
  databaseIdentifier: 'ledger',
  resourceId: 'db-A',
  type: 'manual',
  status: 'available',
  percentProgress: 100,
  sizeGib: 20,
  encrypted: false,
  engine: 'postgres',
  createdAt: new Date(0),
  sourceArn: undefined,
  tags: new Map(),
}

test('an instance comes back with the settings that it had; names are quoted where a shell needs it', () => {
  const restoreOptions = presentOptions([
    ['--db-instance-class', 'db.t4g.medium'],
    ['--db-subnet-group-name', "the team's group"],
    ['--vpc-security-group-ids', 'sg-1', 'sg-2'],
    ['--option-group-name', undefined],
    ['--no-multi-az'],
  ])
  expect(restoreCommands({ type: 'instance', restoreOptions, writer: undefined }, snapshot)).toBe(
    String.raw`aws rds restore-db-instance-from-db-snapshot \
  --region eu-central-1 \
  --db-instance-identifier ledger-restored \
  --db-snapshot-identifier nightly-1 \
  --db-instance-class db.t4g.medium \
  --db-subnet-group-name 'the team'\''s group' \
  --vpc-security-group-ids sg-1 sg-2 \
  --no-multi-az

aws rds wait db-instance-available \
  --region eu-central-1 \
  --db-instance-identifier ledger-restored`,
  )
})

test('an Aurora cluster gets an instance like its writer, one without a writer says what is missing', () => {
  const aurora = { ...snapshot, engine: 'aurora-mysql', databaseIdentifier: `${'a'.repeat(53)}-bcd` }
  const commands = (writer: string | undefined) =>
    restoreCommands({ type: 'cluster', restoreOptions: [['--engine', 'aurora-mysql']], writer }, aurora)
  expect(commands('writer-1')).toContain(
    `--db-instance-class "$(aws rds describe-db-instances --region eu-central-1 --db-instance-identifier writer-1 --query 'DBInstances[0].DBInstanceClass' --output text)"`,
  )
  expect(commands(undefined)).toContain("--db-instance-class '<instance class>'")
  // The name of the new one stays within AWS's 63 characters, and has no two hyphens in a row.
  expect(/--db-instance-identifier (a\S+)/.exec(commands(undefined))?.[1]).toBe(`${'a'.repeat(53)}-restored-1`)
})
