import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { JumpingClock } from '@deploy-kit/core/testing/jumping-clock'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { database, ROLE, type SnapshotLab, startSnapshotLab } from './testing/snapshot-lab.ts'

const SESSION_SECONDS = 1

let lab: SnapshotLab

beforeAll(async () => {
  // The snapshot takes as long as four sessions.
  lab = await startSnapshotLab(
    {
      databases: [
        database('quick', { snapshotSeconds: 0 }),
        database('ledger', { snapshotSeconds: SESSION_SECONDS * 4000 }),
      ],
    },
    { sessionLimitSeconds: SESSION_SECONDS },
  )
})
afterAll(() => lab[Symbol.asyncDispose]())
afterEach(() => lab.lab.faults.clear())

const quick = { 'db-instance-identifier': 'quick', 'role-to-assume': ROLE }
const sessions = () => lab.lab.journal.requests('sts', 'AssumeRoleWithWebIdentity').length

test('a snapshot outlives several sessions of the role, through faults of STS and of the token endpoint', async () => {
  const before = sessions()
  lab.lab.faults.add({ service: 'sts', call: 2, kind: 'throttle' })
  lab.lab.faults.add({ service: 'sts', call: 4, kind: 'resetAfter' })
  lab.lab.faults.add({ service: 'oidc', call: 3, kind: 'serverError' })
  lab.lab.faults.add({ service: 'oidc', call: 6, kind: 'resetBefore' })
  const run = await lab.take({
    'db-instance-identifier': 'ledger',
    'role-to-assume': ROLE,
    'role-session-name': 'nightly',
    interval: '50ms',
  })
  expect(run.annotations).toEqual([])
  expect(run.outputs).toMatchObject({ status: 'available', created: 'true' })
  expect(sessions() - before).toBeGreaterThanOrEqual(5)
  const callers = new Set(lab.lab.journal.requests('rds').map(({ caller }) => caller))
  expect([...callers]).toEqual(['arn:aws:sts::123456789012:assumed-role/deploy/nightly'])
  expect(run.masked.length).toBeGreaterThanOrEqual(3 * (sessions() - before - 2))
})

test.each(['throttle', 'serverError', 'resetBefore', 'resetAfter'] as const)(
  'the first session survives %s of STS and of the token endpoint',
  async (kind) => {
    lab.lab.faults.add({ service: 'sts', call: 1, kind })
    // GitHub's endpoint has no throttling of AWS's kind.
    lab.lab.faults.add({ service: 'oidc', call: 1, kind: kind === 'throttle' ? 'serverError' : kind })
    const run = await lab.take(quick)
    expect(run).toMatchObject({ exitCode: 0, outputs: { status: 'available', created: 'true' } })
  },
)

test.each([
  ['sts', `TransientFailure: The role ${ROLE} could not be assumed: Rate exceeded`],
  ['oidc', "TransientFailure: GitHub's token endpoint answered 500"],
])('when %s fails again and again, the log says who it is', async (service, problem) => {
  const kind = service === 'sts' ? 'throttle' : 'serverError'
  for (let call = 1; call <= 5; call += 1) lab.lab.faults.add({ service, call, kind })
  const run = await lab.take(quick, { clock: hurriedClock(20) })
  expect(run.exitCode).toBe(0)
  expect(run.log[0]).toContain(
    `rds:DescribeDBInstances on instance quick: ${problem} (attempt 5; trying again within 3.2s)`,
  )
})

describe('credentials that cannot be had', () => {
  test.each(['sts', 'oidc'])('do not outlast the deadline when %s does not answer', async (service) => {
    lab.lab.faults.add({ service, kind: 'noAnswer' })
    const clock = new JumpingClock()
    const before = lab.lab.journal.requests(service).length
    const running = lab.take(quick, { clock })
    const seen = () => lab.lab.journal.requests(service).length - before
    await vi.waitFor(() => expect(seen()).toBe(1), { interval: 2, timeout: 20_000 })
    clock.jump(3 * 3_600_000)
    const run = await running
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain(
      'rds:DescribeDBInstances on instance quick was tried until the deadline and never succeeded.',
    )
  })

  test('are explained at once when the role does not trust the job', async () => {
    const run = await lab.take({ ...quick, 'role-to-assume': 'arn:aws:iam::123456789012:role/other' })
    expect(run.annotations[0]?.message).toMatch(
      /^The role arn:aws:iam::123456789012:role\/other could not be assumed: Not authorized to perform sts:AssumeRoleWithWebIdentity\nCheck that the role's trust policy accepts token\.actions\.githubusercontent\.com with audience sts\.amazonaws\.com and the subject of this job, `repo:org\/finance-hub:ref:refs\/heads\/main`/,
    )
  })

  test('are explained at once when the job may not ask for a token', async () => {
    const { ACTIONS_ID_TOKEN_REQUEST_TOKEN: _, ...environment } = lab.lab.environment
    const run = await lab.take(quick, { environment })
    expect(run.annotations[0]?.message).toBe(
      'role-to-assume needs an OIDC token, and this job may not request one.\nGive the job `permissions: id-token: write` (and `contents: read` if it checks out code).',
    )
    const wrong = { ...lab.lab.environment, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'stolen' }
    const refused = await lab.take(quick, { environment: wrong })
    expect(refused.annotations[0]?.message).toMatch(/^GitHub's token endpoint answered 40\d without a token\.\nCheck/)
  })
})
