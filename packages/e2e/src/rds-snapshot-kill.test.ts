import { type DBSnapshot, DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds'
import type { RequestEntry } from '@deploy-kit/lab/journal'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { parseWorld } from '@deploy-kit/lab/world'
import { ensureReleasedAction } from '@deploy-kit/release/released-action'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runReleased, startReleased } from './released-run.ts'

/**
 * The built bundle is killed at every API call of a whole run, as the lab's journal has them: after the call has taken
 * effect and before its answer arrives. (Killed before the effect is killed after the call before it.) Then it is run
 * again, as GitHub does with a failed job.
 */

const OWN_TAG = { 'deploy-kit:action': 'rds-snapshot' }
const ROLE = 'arn:aws:iam::123456789012:role/deploy'
const KEPT = 2

let lab: Lab
let client: (region: string) => RDSClient

beforeAll(async () => {
  await ensureReleasedAction('rds-snapshot')
  const snapshots = [
    { identifier: 'own-1', ageDays: 3, tags: OWN_TAG },
    { identifier: 'own-2', ageDays: 2, tags: OWN_TAG },
    { identifier: 'foreign', ageDays: 30 },
    { identifier: 'before', ageDays: 20, tags: OWN_TAG, resourceId: 'db-BEFORE' },
  ]
  const account = { databaseName: 'ledger', username: 'ledger', password: 'ledger-secret' }
  lab = await startLab({
    timeScale: 0.001,
    world: parseWorld(
      {
        region: 'eu-central-1',
        accountId: '123456789012',
        roles: [{ arn: ROLE }],
        databases: [{ identifier: 'ledger', ...account, snapshotSeconds: 40, snapshots }],
      },
      import.meta.dirname,
    ),
  })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  client = (region) => new RDSClient({ region })
}, 180_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
})

/** What a run is given; the same again for a second attempt at the same identifier. */
function given(identifier: string): Parameters<typeof startReleased> {
  const inputs = {
    'db-instance-identifier': 'ledger',
    'snapshot-identifier': identifier,
    'retention-count': String(KEPT),
    'copy-to-region': 'eu-west-1',
    'role-to-assume': ROLE,
    interval: '30ms',
    tags: `wanted=${identifier}`,
  }
  const run = { GITHUB_REPOSITORY: 'org/ledger', GITHUB_RUN_ID: '42', GITHUB_RUN_ATTEMPT: '1', GITHUB_SHA: 'abc' }
  return ['rds-snapshot', inputs, { environment: { ...lab.environment, ...run } }]
}

async function snapshots(region: string): Promise<readonly DBSnapshot[]> {
  const request = new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: 'ledger' })
  return (await client(region).send(request)).DBSnapshots ?? []
}

const tagsOf = ({ TagList = [] }: DBSnapshot) => Object.fromEntries(TagList.map(({ Key = '', Value }) => [Key, Value]))

/** How often AWS began a snapshot of this ARN. */
function begun(arn: string | undefined): number {
  return lab.journal
    .entries()
    .filter((entry) => entry.kind === 'change' && entry.resource === arn && entry.to === 'creating').length
}

/** The n-th request of its operation in a run: how often a run looks depends on the machine, so a bare number would not do. */
interface CallSite {
  readonly service: string
  readonly operation: string
  readonly call: number
}

function callSites(requests: readonly RequestEntry[]): readonly CallSite[] {
  const counts = new Map<string, number>()
  return requests.map(({ service, operation }) => {
    const call = (counts.get(operation) ?? 0) + 1
    counts.set(operation, call)
    return { service, operation, call }
  })
}

/** Kills a run when this request has taken effect and has not been answered. False if the run ended without it. */
async function killAt(site: CallSite, identifier: string): Promise<boolean> {
  const { service, operation, call } = site
  const seen = () => lab.journal.requests(service, operation).length
  const wanted = seen() + call
  lab.faults.add({ ...site, kind: 'slow', ms: 3000 })
  const run = await startReleased(...given(identifier))
  const ended = run.ended.then(() => 'ended' as const)
  while (seen() < wanted) {
    if ((await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2))])) === 'ended') break
  }
  const killed = seen() >= wanted
  run.process.kill('SIGKILL')
  await run.ended
  lab.faults.clear()
  return killed
}

async function expectOneOf(identifier: string): Promise<void> {
  const here = await snapshots('eu-central-1')
  const there = await snapshots('eu-west-1')
  const original = here.find(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier === identifier)
  const copy = there.find(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier === identifier)
  for (const one of [original, copy]) {
    expect(one?.Status).toBe('available')
    expect(begun(one?.DBSnapshotArn)).toBe(1)
    expect(tagsOf(one ?? {})).toEqual({
      ...OWN_TAG,
      'deploy-kit:repository': 'org/ledger',
      'deploy-kit:run': '42',
      'deploy-kit:sha': 'abc',
      wanted: identifier,
    })
  }
  const names = here.map(({ DBSnapshotIdentifier = '' }) => DBSnapshotIdentifier)
  expect(names).toEqual(expect.arrayContaining(['foreign', 'before']))
  expect(names.length - 2).toBe(KEPT)
}

test('killed at every API call and run again, there is one snapshot with its copy, and the outputs are right', async () => {
  const from = lab.journal.requests().length
  const whole = await runReleased(...given('whole'))
  expect(whole.exitCode, whole.log).toBe(0)
  await expectOneOf('whole')
  const sites = callSites(lab.journal.requests().slice(from))
  const operations = new Set(sites.map(({ operation }) => operation))
  expect([...operations].sort()).toEqual([
    'AssumeRoleWithWebIdentity',
    'CopyDBSnapshot',
    'CreateDBSnapshot',
    'DeleteDBSnapshot',
    'DescribeDBInstances',
    'DescribeDBSnapshotAttributes',
    'DescribeDBSnapshots',
    'GetIdToken',
  ])

  const killed = new Set<string>()
  for (const [index, site] of sites.entries()) {
    const identifier = `killed-at-${index}`
    if (await killAt(site, identifier)) killed.add(site.operation)
    const arn = `arn:aws:rds:eu-central-1:123456789012:snapshot:${identifier}`
    const wasThere = begun(arn) > 0
    const again = await runReleased(...given(identifier))
    expect(again.exitCode, `killed at ${site.operation} ${site.call}: ${again.log}`).toBe(0)
    expect(again.outputs).toMatchObject({
      'snapshot-identifier': identifier,
      'snapshot-arn': arn,
      'snapshot-type': 'instance',
      status: 'available',
      created: String(!wasThere),
      'copied-snapshot-arn': arn.replace('eu-central-1', 'eu-west-1'),
    })
    await expectOneOf(identifier)
  }
  expect(killed).toEqual(operations)
}, 240_000)

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends the step at once, with outputs that are true', async (signal) => {
  const identifier = `cancelled-by-${signal.toLowerCase()}`
  const [action, inputs, options] = given(identifier)
  lab.faults.add({ service: 'rds', operation: 'DescribeDBSnapshots', call: 2, kind: 'noAnswer' })
  const asked = lab.journal.requests('rds', 'DescribeDBSnapshots').length
  const run = await startReleased(action, inputs, options)
  await vi.waitFor(() => expect(lab.journal.requests('rds', 'DescribeDBSnapshots').length).toBe(asked + 2), {
    timeout: 20_000,
  })
  run.process.kill(signal)
  const ended = await run.ended
  lab.faults.clear()
  expect(ended.exitCode).toBe(1)
  expect(ended.log).toContain(`::error title=deploy-kit rds-snapshot::Cancelled. Snapshot ${identifier} goes on in AWS`)
  expect(ended.outputs).toMatchObject({ 'snapshot-identifier': identifier, created: 'true', status: 'creating' })
  expect(ended.summary).toContain('🛑 rds-snapshot: Cancelled.')
})
