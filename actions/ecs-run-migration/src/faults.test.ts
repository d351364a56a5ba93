import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import type { Lab } from '@deploy-kit/lab/lab'
import { seededRandom } from '@deploy-kit/lab/seeded-random'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate, shell, startMigrationLab } from './testing/migration-lab.ts'

/** `npx --yes pnpm@12 soak` runs hundreds. */
const SEEDS = Number(process.env.SOAK_SEEDS ?? 60)
const FIRST_SEED = Number(process.env.SOAK_FIRST_SEED ?? 1)

const KINDS = ['throttle', 'serverError', 'resetBefore', 'resetAfter', 'slow', 'noAnswer'] as const
const OPERATIONS = [
  'DescribeServices',
  'DescribeTaskDefinition',
  'ListTasks',
  'DescribeTasks',
  'RunTask',
  'RunTask',
  'RunTask',
  'GetLogEvents',
  'StopTask',
] as const

let lab: Lab
let folder: string

beforeAll(async () => {
  lab = await startMigrationLab({ timeScale: 0.0005 })
  folder = await mkdtemp(join(tmpdir(), 'migration-faults-'))
})
afterAll(() => lab.close())

/** Up to six requests of a run fail, the first of their kind more often than later ones. */
function addFaults(random: () => number): void {
  lab.faults.clear()
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  for (let left = Math.floor(random() * 7); left > 0; left -= 1) {
    const kind = pick(KINDS)
    const call = 1 + Math.floor(random() * random() * 5)
    lab.faults.add({ operation: pick(OPERATIONS), call, kind, ...(kind === 'slow' && { ms: 5 + random() * 60 }) })
  }
}

const rowsIn = async (file: string): Promise<number> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1

const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index)

test.each(seeds)('whatever fails, the migration runs once and is judged as it ended: seed %i', async (seed) => {
  const random = seededRandom(seed)
  const file = join(folder, String(seed))
  const exitCode = random() < 0.3 ? 1 + Math.floor(random() * 100) : 0
  const command = shell(`echo row >> ${file}; sleep ${(random() * 0.05).toFixed(3)}; echo done; exit ${exitCode}`)
  const options = { runId: `seed-${seed}`, clock: hurriedClock(150) }
  if (exitCode === 0 && random() < 0.6) {
    // The runner is gone at some moment; the task, if there is one, goes on.
    addFaults(random)
    const gone = new AbortController()
    const died = migrate(lab, { command, 'on-cancel': 'detach' }, { ...options, signal: gone.signal })
    const timer = setTimeout(() => gone.abort(), random() * 150)
    await died
    clearTimeout(timer)
  }
  addFaults(random)
  const run = await migrate(lab, { command, timeout: '20m' }, { ...options, attempt: 2 })
  lab.faults.clear()
  expect(run.outputs).toMatchObject({
    outcome: exitCode === 0 ? 'succeeded' : 'failed',
    'exit-code': String(exitCode),
  })
  expect(run.exitCode).toBe(exitCode === 0 ? 0 : 1)
  expect(run.log.filter((line) => line === 'done')).toHaveLength(1)
  expect(await rowsIn(file)).toBe(1)
})
