import { CreateDBSnapshotCommand, RDSClient } from '@aws-sdk/client-rds'
import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, lastRunTask, ledgerWorld, migrate, startMigrationLab } from './testing/migration-lab.ts'

const database = { databaseName: 'ledger', username: 'ledger', password: 'ledger-secret', snapshotSeconds: 1_000_000 }
const arn = (type: string, name: string): string => `arn:aws:rds:eu-central-1:123456789012:${type}:${name}`

let lab: Lab

beforeAll(async () => {
  const databases = [
    {
      ...database,
      identifier: 'ledger',
      snapshots: [{ identifier: 'good' }, { identifier: 'broken', status: 'failed' as const }],
    },
    {
      ...database,
      identifier: 'member',
      engine: 'aurora-postgresql',
      cluster: 'aurora',
      snapshots: [{ identifier: 'good-cluster' }],
    },
  ]
  lab = await startMigrationLab({ world: ledgerWorld({ databases }) })
  const rds = new RDSClient({ region: 'eu-central-1' })
  await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'ledger', DBSnapshotIdentifier: 'young' }))
})
afterAll(() => lab.close())

describe('require-snapshot', () => {
  test.each(['good', arn('snapshot', 'good'), 'good-cluster', arn('cluster-snapshot', 'good-cluster')])(
    'lets the migration run when %s is available',
    async (name) => {
      const run = await migrate(lab, { command: 'true', 'require-snapshot': name })
      expect(run.annotations).toEqual([])
      expect(run.outputs.outcome).toBe('succeeded')
      expect(run.log).toContain(`Snapshot ${name} is available.`)
    },
  )

  test.each([
    ['young', 'require-snapshot: snapshot young is creating, not available'],
    ['broken', 'require-snapshot: snapshot broken is failed, not available'],
    ['nowhere', 'require-snapshot: there is no snapshot nowhere in this account and region. Nothing was run.'],
    [
      arn('snapshot', 'good-cluster'),
      'there is no snapshot arn:aws:rds:eu-central-1:123456789012:snapshot:good-cluster',
    ],
  ])('fails at once, and nothing runs, for %s', async (name, message) => {
    const before = lastRunTask(lab)
    const run = await migrate(lab, { command: 'true', 'require-snapshot': name })
    expect(run.exitCode).toBe(1)
    expect(failureOf(run)).toContain(message)
    expect(lastRunTask(lab)).toBe(before)
    expect(run.outputs['task-arn']).toBeUndefined()
  })
})
