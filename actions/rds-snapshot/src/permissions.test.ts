import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AddTagsToResourceCommand, CreateDBSnapshotCommand, DeleteDBSnapshotCommand } from '@aws-sdk/client-rds'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database, OWN_TAG, ROLE, type SnapshotLab, startSnapshotLab } from './testing/snapshot-lab.ts'

interface Statement {
  readonly Action: string | readonly string[]
}

interface Policy {
  readonly Version: string
  readonly Statement: readonly Statement[]
}

const folder = join(import.meta.dirname, '../../../docs/permissions')
const policy = JSON.parse(readFileSync(join(folder, 'rds-snapshot.json'), 'utf8')) as Policy
const uses = readUses(readFileSync(join(folder, 'rds-snapshot.md'), 'utf8'))

const instance = { 'db-instance-identifier': 'finance-hub' }
const cluster = { 'db-cluster-identifier': 'finance-ledger' }
const inputsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  instance,
  cluster,
  'cluster, by the name of a member': { 'db-instance-identifier': 'finance-ledger-1' },
  'instance, with retention': { ...instance, 'retention-days': '7' },
  'cluster, with retention': { ...cluster, 'retention-days': '7' },
  'instance, with a copy': { ...instance, 'copy-to-region': 'eu-west-1' },
  'cluster, with a copy': { ...cluster, 'copy-to-region': 'eu-west-1' },
  'dry run, with retention': { ...instance, 'retention-days': '7', 'dry-run': 'true' },
}

let lab: SnapshotLab

beforeAll(async () => {
  const snapshots = [
    { identifier: 'old', ageDays: 30, tags: OWN_TAG },
    { identifier: 'older', ageDays: 60, tags: OWN_TAG },
    { identifier: 'foreign', ageDays: 60 },
  ]
  const member = { cluster: 'finance-ledger', engine: 'aurora-postgresql', snapshotSeconds: 0 }
  lab = await startSnapshotLab({
    databases: [
      database('finance-hub', { snapshotSeconds: 0, snapshots }),
      database('finance-ledger-1', { ...member, snapshots }),
      database('other', { snapshotSeconds: 0 }),
    ],
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

function allow(actions: (action: string) => boolean): void {
  const Statement = policy.Statement.map((one) => ({ ...one, Action: [one.Action].flat().filter(actions) }))
  lab.lab.policies.put(ROLE, { ...policy, Statement: Statement.filter(({ Action }) => Action.length > 0) })
}

function take(use: string) {
  return lab.take({ ...inputsOf[use], 'role-to-assume': ROLE, interval: '5ms' })
}

test('the page names every use and every action of the policy, and no other', () => {
  expect([...uses.keys()]).toEqual(Object.keys(inputsOf))
  const named = new Set([...uses.values()].flat())
  expect([...named].sort()).toEqual([...policy.Statement.flatMap(({ Action }) => Action)].sort())
})

// Taking away comes first: what retention would delete must still be there.
describe.each([...uses])('%s', (use, actions) => {
  test.each(actions)('fails without %s, and names it', async (missing) => {
    allow((action) => action !== missing)
    const run = await take(use)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain(`the credentials lack ${missing}.`)
    expect(run.annotations[0]?.message).toContain(`Allow ${missing} for arn:aws:rds:`)
  })
})

describe.each([...uses])('%s', (use, actions) => {
  test('works with exactly its actions', async () => {
    allow((action) => actions.includes(action))
    expect(await take(use)).toMatchObject({ exitCode: 0, annotations: [] })
  })

  test('works with the whole policy', async () => {
    allow(() => true)
    expect(await take(use)).toMatchObject({ exitCode: 0, annotations: [] })
  })
})

describe('the whole policy does not allow', () => {
  const ours = [{ Key: 'deploy-kit:action', Value: 'rds-snapshot' }]
  const name = { DBSnapshotIdentifier: 'deploy-kit-finance-hub-9' }
  const arn = 'arn:aws:rds:eu-central-1:123456789012:snapshot:foreign'

  // The same policy on the keys of whoever holds them.
  const holder = () => lab.lab.environment.AWS_ACCESS_KEY_ID ?? ''
  beforeAll(() => lab.lab.policies.put(holder(), policy))
  afterAll(() => lab.lab.policies.remove(holder()))

  test.each([
    ['to delete somebody else’s snapshot', new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'foreign' })],
    ['to make it ours', new AddTagsToResourceCommand({ ResourceName: arn, Tags: ours })],
    ['a snapshot without our tag', new CreateDBSnapshotCommand({ ...name, DBInstanceIdentifier: 'finance-hub' })],
    ['another database', new CreateDBSnapshotCommand({ ...name, DBInstanceIdentifier: 'other', Tags: ours })],
    [
      'another name',
      new CreateDBSnapshotCommand({
        DBSnapshotIdentifier: 'mine',
        DBInstanceIdentifier: 'finance-hub',
        Tags: ours,
      }),
    ],
  ])('%s', async (_, command) => {
    await expect(lab.rds.send(command as CreateDBSnapshotCommand)).rejects.toThrow('is not authorized to perform')
  })
})

function readUses(page: string): ReadonlyMap<string, readonly string[]> {
  const rows = page.matchAll(/^\| ([^|]+) \| (`rds:.*`) \|$/gm)
  return new Map(Array.from(rows, ([, use = '', cells = '']) => [use, cells.replaceAll('`', '').split(' ')]))
}
