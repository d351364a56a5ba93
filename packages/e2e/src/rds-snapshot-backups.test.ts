import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Issue } from '@deploy-kit/lab/github/repository'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { runWorkflow } from '@deploy-kit/lab/rehearsal/run-workflow'
import { printedBy, stepOf, writeRepository } from '@deploy-kit/lab/rehearsal/testing/rehearsed'
import { parseWorld, type WorldInput } from '@deploy-kit/lab/world'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { beforeAll, expect, test, vi } from 'vitest'
import { createStandIn } from './stand-in.ts'

/** Plays docs/examples/finance-hub/.github/workflows/backup.yml as it stands there. */

const example = join(import.meta.dirname, '../../../docs/examples/finance-hub')
const ROLE = 'arn:aws:iam::123456789012:role/finance-hub-backup'
const OWN_TAG = { 'deploy-kit:action': 'rds-snapshot' }

type Database = NonNullable<WorldInput['databases']>[number]

async function startWorld(more: Partial<Database>): Promise<Lab> {
  const database = { identifier: 'finance-hub', databaseName: 'finance_hub', username: 'app', password: 'only-here' }
  const world = { region: 'eu-central-1', accountId: '123456789012', roles: [{ arn: ROLE }] }
  const databases = [{ ...database, snapshotSeconds: 5, ...more }]
  return startLab({ world: parseWorld({ ...world, databases }, example), timeScale: 0.001 })
}

function issuesOf(lab: Lab): readonly Issue[] {
  return [...(lab.github.repository('org/finance-hub')?.issues.values() ?? [])]
}

async function play(lab: Lab) {
  await using aws = await createStandIn('aws')
  const [workflow, script] = await Promise.all([
    readFile(join(example, '.github/workflows/backup.yml'), 'utf8'),
    readFile(join(example, 'ops/check-backup.js'), 'utf8'),
  ])
  vi.stubEnv('PATH', aws.path)
  const files = { 'ops/check-backup.js': script }
  // Only the pause between two looks is shorter.
  const quick = workflow.replace('retention-count: 7', '$&\n          interval: 20ms')
  const { workflowFile } = await writeRepository(quick, { files, isCommitted: true })
  const { environment, github } = lab
  const run = await runWorkflow({ workflowFile, environment, github, releaseTree: ensureReleaseTree })
  vi.unstubAllEnvs()
  return { run, issues: issuesOf(lab) }
}

// Builds what has changed since the last build.
beforeAll(() => ensureReleaseTree(), 180_000)

test('takes a snapshot, deletes what is too old, and finds the backup that AWS has', async () => {
  const snapshots = Array.from({ length: 9 }, (_, index) => ({
    identifier: `nightly-${index}`,
    ageDays: 30 + index,
    tags: OWN_TAG,
  }))
  await using lab = await startWorld({ snapshots })
  const { run, issues } = await play(lab)
  expect(run.event).toMatchObject({ name: 'schedule' })
  expect(run.conclusion).toBe('success')
  // Seven with the new one are kept, and so is what is younger than 35 days.
  const { outputs } = stepOf(run, 'Snapshot the database', 'Backup')
  expect(JSON.parse(outputs.pruned ?? '')).toEqual(['nightly-8', 'nightly-7', 'nightly-6'])
  expect(outputs['snapshot-identifier']).toMatch(/^nightly-finance-hub-\d+-1$/)
  expect(printedBy(stepOf(run, 'Newest backup', 'Verify')).join('\n')).toMatch(
    /nightly-finance-hub-\d+-1 is available and 0\.0 hours old; 7 are kept\./,
  )
  expect(issues).toEqual([])
}, 60_000)

test('fails and opens one issue when the backup fails and the newest one is too old', async () => {
  const snapshots = [{ identifier: 'nightly-old', ageDays: 3, tags: OWN_TAG }, { identifier: 'by-hand' }]
  await using lab = await startWorld({ status: 'stopped', snapshots })
  const first = await play(lab)
  expect(first.run.jobs.map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ['Backup', 'failure'],
    ['Verify', 'failure'],
  ])
  expect(first.issues).toMatchObject([
    {
      title: 'No fresh backup of finance-hub',
      body: expect.stringMatching(
        /^The newest backup is too old: nightly-old is available and 72\.0 hours old, and 24 are allowed\./,
      ),
    },
  ])

  // The next night the issue is there already.
  const again = await check(lab, { DBSnapshots: [] })
  expect(again).toMatchObject({ code: 1, log: expect.stringContaining('Issue 1 is open already.') })
  expect(issuesOf(lab)).toHaveLength(1)
}, 60_000)

test.each([
  ['', 'The snapshots could not be listed.'],
  [{ DBSnapshots: [{ Status: 'available' }] }, 'None of the 0 snapshots of ours is available.'],
  [{ DBSnapshots: [snapshotOf('creating', 0)] }, 'None of the 1 snapshots of ours is available.'],
  [{ DBSnapshots: [snapshotOf('available', 25)] }, 'The newest backup is too old: one is available and 25.0 hours old'],
])('given %j, the check says what is wrong', async (listed, problem) => {
  await using lab = await startLab({
    world: parseWorld({ region: 'eu-central-1', accountId: '123456789012' }, example),
  })
  expect(await check(lab, listed)).toMatchObject({ code: 1, log: expect.stringContaining(problem) })
  expect(issuesOf(lab)).toMatchObject([{ body: expect.stringContaining(problem) }])
})

function snapshotOf(Status: string, hours: number): object {
  const TagList = [{ Key: 'deploy-kit:action', Value: 'rds-snapshot' }]
  const SnapshotCreateTime = new Date(Date.now() - hours * 3_600_000).toISOString()
  return { DBSnapshotIdentifier: 'one', Status, SnapshotCreateTime, TagList }
}

/** Runs the script alone on what the AWS CLI would have printed. */
async function check(lab: Lab, listed: object | string): Promise<{ code: number | null; log: string }> {
  const script = join(example, 'ops/check-backup.js')
  const env = { ...lab.environment, GITHUB_SERVER_URL: 'https://github.com', GITHUB_RUN_ID: '1' }
  const child = spawn(process.execPath, [script, 'finance-hub', '24'], { env, stdio: 'pipe' })
  child.stdin.end(typeof listed === 'string' ? listed : JSON.stringify(listed))
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, log: out + error }
}
