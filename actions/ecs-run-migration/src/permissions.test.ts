import type { MemoryRun } from '@deploy-kit/core/testing/memory-platform'
import type { Lab } from '@deploy-kit/lab/lab'
import { actionsOf, readDocumentedPolicy, withoutAction } from '@deploy-kit/lab/testing/documented-policy'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { failureOf, imageOf, ledgerWorld, migrate, shell, startMigrationLab, subnets } from './testing/migration-lab.ts'

const ROLE = 'arn:aws:iam::123456789012:role/deploy'
/** The documented policy, for the service of these tests. */
const policy = readDocumentedPolicy('ecs-run-migration', { 'finance-hub': 'ledger' })

const database = { databaseName: 'ledger', username: 'ledger', password: 'ledger-secret' }
let lab: Lab
let images = 0

beforeAll(async () => {
  const aurora = { engine: 'aurora-postgresql', cluster: 'aurora', snapshots: [{ identifier: 'of-cluster' }] }
  const databases = [
    { ...database, identifier: 'ledger', snapshots: [{ identifier: 'of-instance' }] },
    { ...database, identifier: 'member', ...aurora },
  ]
  lab = await startMigrationLab({ world: ledgerWorld({ databases }) })
})
afterAll(() => lab.close())
afterEach(() => lab.policies.remove(ROLE))

/** Every documented use at once: an image that is new, a snapshot, a log; `stopped` at its deadline. */
function use(more: Readonly<Record<string, string>> = {}): Promise<MemoryRun> {
  images += 1
  const inputs = {
    command: 'true',
    image: imageOf(`v-${images}`),
    'require-snapshot': 'of-cluster',
    'role-to-assume': ROLE,
  }
  return migrate(lab, { ...inputs, ...more })
}
const stopped = { command: shell('sleep 60 & wait'), timeout: '30s' }

test('with the documented policy every use works', async () => {
  lab.policies.put(ROLE, policy)
  const run = await use()
  expect(run.annotations).toEqual([])
  expect(run.exitCode).toBe(0)
  expect(failureOf(await use(stopped))).toContain('It was told to stop')
})

/** Missing these is no failure of the run: what then is said instead. */
const degraded: Readonly<Record<string, (run: MemoryRun) => void>> = {
  'logs:GetLogEvents': ({ exitCode, annotations }) => {
    expect(exitCode).toBe(0)
    expect(annotations.at(-1)?.message).toContain('the credentials lack logs:GetLogEvents')
  },
  'ecs:ListTaskDefinitions': ({ exitCode, annotations }) => {
    expect(exitCode).toBe(0)
    expect(annotations).toEqual([])
  },
}

test.each(actionsOf(policy))('without %s a use fails, and its message names what is missing', async (action) => {
  lab.policies.put(ROLE, withoutAction(policy, action))
  const run = await use(action === 'ecs:StopTask' ? stopped : {})
  const check = degraded[action]
  if (check !== undefined) return check(run)
  expect(run.exitCode).toBe(1)
  expect(failureOf(run)).toContain(`the credentials lack ${action}`)
})

test('roles of others cannot be passed', async () => {
  lab.policies.put(ROLE, JSON.parse(JSON.stringify(policy).replaceAll('role/ledger-task', 'role/another')))
  expect(failureOf(await use())).toMatch(/the credentials lack iam:PassRole.*role\/ledger-task/s)
})

test('tasks of other families cannot be run', async () => {
  lab.policies.put(ROLE, policy)
  const run = await use({ service: '', 'task-definition': 'with-sidecar', image: '', ...subnets })
  expect(failureOf(run)).toContain('the credentials lack ecs:RunTask')
})
