import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { parseWorld } from '@deploy-kit/lab/world'
import { ensureReleasedAction } from '@deploy-kit/release/released-action'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runReleased } from './released-run.ts'
import { createStandIn } from './stand-in.ts'

const master = { databaseName: 'ledger', username: 'ledger', password: 'ledger-secret' }

let lab: Lab
let rds: RDSClient

beforeAll(async () => {
  await ensureReleasedAction('rds-snapshot')
  lab = await startLab({
    timeScale: 0.001,
    world: parseWorld(
      {
        region: 'eu-central-1',
        accountId: '123456789012',
        databases: [
          { ...master, identifier: 'ledger', deletionProtection: true },
          { ...master, identifier: 'zones-1', cluster: 'zones', engine: 'postgres' },
          { ...master, identifier: 'aurora-writer', cluster: 'aurora', engine: 'aurora-postgresql' },
        ],
      },
      import.meta.dirname,
    ),
  })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  rds = new RDSClient({ region: 'eu-central-1' })
}, 180_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  rds.destroy()
  await lab.close()
})

async function describeInstance(DBInstanceIdentifier: string) {
  const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))
  const [instance] = DBInstances
  if (!instance) throw new Error(`There is no ${DBInstanceIdentifier}`)
  return instance
}

async function connectTo(instance: string): Promise<Client & AsyncDisposable> {
  const { Endpoint } = await describeInstance(instance)
  const { databaseName: database, username: user, password } = master
  const client = new Client({ host: Endpoint?.Address ?? '', port: Endpoint?.Port ?? 0, user, password, database })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

/** Commits one numbered row after the other until it is told to stop; `last` is the newest that is committed. */
function writeRows(client: Client): { last(): number; stop(): Promise<void> } {
  let last = 0
  let stopped = false
  const write = async (): Promise<void> => {
    await client.query('CREATE TABLE entries (number integer PRIMARY KEY)')
    while (!stopped) {
      await client.query('INSERT INTO entries VALUES ($1)', [last + 1])
      last += 1
      await sleep(2)
    }
  }
  const written = write()
  return {
    last: () => last,
    stop: () => {
      stopped = true
      return written
    },
  }
}

test.each([
  ['instance', { 'db-instance-identifier': 'ledger' }, 'ledger', 'ledger-restored'],
  ['Aurora cluster', { 'db-cluster-identifier': 'aurora' }, 'aurora-writer', 'aurora-restored-1'],
  ['Multi-AZ cluster', { 'db-cluster-identifier': 'zones' }, 'zones-1', 'zones-restored-instance-1'],
])(
  '%s: what is restored by the commands in the summary has the rows of then and not the later ones',
  async (...given) => {
    const [, inputs, writer, restored] = given
    await using old = await connectTo(writer)
    const rows = writeRows(old)
    await vi.waitFor(() => expect(rows.last()).toBeGreaterThan(20), { timeout: 60_000 })
    const before = rows.last()
    const run = await runReleased(
      'rds-snapshot',
      { ...inputs, interval: '10ms' },
      { environment: { ...lab.environment } },
    )
    expect(run.exitCode, run.log).toBe(0)
    const after = rows.last()
    await vi.waitFor(() => expect(rows.last()).toBeGreaterThan(after + 20), { timeout: 60_000 })
    await rows.stop()

    const [, commands = ''] = /How to restore from it<\/summary>\n\n```sh\n([\s\S]*?)\n```/.exec(run.summary) ?? []
    expect(commands).toContain(run.outputs['snapshot-identifier'])
    await using aws = await createStandIn('aws')
    const env = { ...lab.environment, PATH: aws.path }
    await promisify(execFile)('sh', ['-e', '-c', commands], { env })
    await vi.waitFor(async () => expect((await describeInstance(restored)).DBInstanceStatus).toBe('available'), {
      timeout: 60_000,
    })

    await using back = await connectTo(restored)
    const answer = await back.query(
      'SELECT count(*)::int AS rows, min(number) AS first, max(number) AS last FROM entries',
    )
    const { rows: count, first, last } = answer.rows[0] as { rows: number; first: number; last: number }
    // Every row up to one moment, which lies between the start of the step and its end.
    expect([first, count]).toEqual([1, last])
    expect(last).toBeGreaterThanOrEqual(before)
    expect(last).toBeLessThanOrEqual(after)
    expect(rows.last()).toBeGreaterThan(last)
  },
  120_000,
)

test('a restored instance is like the old one', async () => {
  const [old, restored] = await Promise.all(['ledger', 'ledger-restored'].map(describeInstance))
  for (const member of ['DBInstanceClass', 'MultiAZ', 'PubliclyAccessible', 'DeletionProtection'] as const) {
    expect(restored?.[member], member).toEqual(old?.[member])
  }
  const groups = ({ VpcSecurityGroups = [], DBParameterGroups = [], DBSubnetGroup }: NonNullable<typeof old>) => ({
    security: VpcSecurityGroups.map(({ VpcSecurityGroupId }) => VpcSecurityGroupId),
    parameters: DBParameterGroups.map(({ DBParameterGroupName }) => DBParameterGroupName),
    subnets: DBSubnetGroup?.DBSubnetGroupName,
  })
  expect(restored && groups(restored)).toEqual(old && groups(old))
})
