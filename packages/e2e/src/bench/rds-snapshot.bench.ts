/**
 * Part of `npx --yes pnpm@12 bench`: how soon after a snapshot is available the built rds-snapshot ends, and what it asks of
 * AWS in the two hours before. The AWS CLI's waiter looks every 30 s and gives up after 30 min.
 */
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { parseWorld } from '@deploy-kit/lab/world'
import { renderColumns } from '@deploy-kit/release/text-table'
import { runReleased } from '../released-run.ts'

const ROUNDS = 10
const INTERVAL_MS = 300
const LONG_HOURS = 2
/** Real seconds for one of AWS's in the long run: two hours pass in 12 s. */
const LONG_SCALE = 1 / 600
/** The action's default. */
const DEFAULT_INTERVAL_SECONDS = 10

function startWorld(snapshotSeconds: number, timeScale: number): Promise<Lab> {
  const database = { databaseName: 'ledger', username: 'ledger', password: 'ledger-secret' }
  const databases = [{ ...database, identifier: 'ledger', snapshotSeconds }]
  const world = parseWorld({ region: 'eu-central-1', accountId: '123456789012', databases }, import.meta.dirname)
  return startLab({ world, timeScale })
}

/** Milliseconds from the moment at which the snapshot is available. */
interface Delays {
  /** To the look that saw it. */
  readonly noticedMs: number
  /** To the end of the process. */
  readonly endedMs: number
}

async function take(lab: Lab, identifier: string, intervalMs: number): Promise<Delays> {
  const inputs = { 'db-instance-identifier': 'ledger', 'snapshot-identifier': identifier, interval: `${intervalMs}ms` }
  const run = await runReleased('rds-snapshot', inputs, { environment: lab.environment })
  const endedAt = Date.now()
  if (run.exitCode !== 0) throw new Error(`rds-snapshot ended with ${run.exitCode}:\n${run.log}`)
  const entries = lab.journal.entries()
  const at = entries.findIndex(
    (entry) => entry.kind === 'change' && entry.resource.endsWith(`:${identifier}`) && entry.to === 'available',
  )
  const availableAt = entries[at]?.at.getTime() ?? Number.NaN
  const noticed = entries.slice(at).find((entry) => entry.kind === 'request')
  return { noticedMs: (noticed?.at.getTime() ?? Number.NaN) - availableAt, endedMs: endedAt - availableAt }
}

async function benchEnd(): Promise<void> {
  await using lab = await startWorld(100, 0.01)
  const delays: Delays[] = []
  for (let round = 0; round < ROUNDS; round += 1) delays.push(await take(lab, `round-${round}`, INTERVAL_MS))
  const row = (name: string, all: readonly number[]) => {
    const sorted = all.toSorted((a, b) => a - b)
    const times = [sorted[Math.floor(ROUNDS / 2)] ?? 0, sorted.at(-1) ?? 0]
    return [name, ...times.map((ms) => `${ms} ms, ${(ms / INTERVAL_MS).toFixed(2)} ×`)]
  }
  const rows = [
    row(
      'noticed',
      delays.map(({ noticedMs }) => noticedMs),
    ),
    row(
      'process ended',
      delays.map(({ endedMs }) => endedMs),
    ),
  ]
  console.log(renderColumns([[`available, then (${ROUNDS} runs)`, 'median', 'most'], ...rows]))
  console.log(`Noticed is to be at most one interval, ${INTERVAL_MS} ms, and the time of an answer.\n`)
}

async function benchCalls(): Promise<void> {
  await using lab = await startWorld(LONG_HOURS * 3600, LONG_SCALE)
  await take(lab, 'long', DEFAULT_INTERVAL_SECONDS * 1000 * LONG_SCALE)
  const describes = lab.journal.requests('rds').filter(({ operation }) => operation.startsWith('Describe')).length
  const all = lab.journal.requests('rds').length
  const aMinute = describes / (LONG_HOURS * 60)
  console.log(`A snapshot of ${LONG_HOURS} hours: ${all} calls, ${aMinute.toFixed(1)} describe calls a minute.`)
  console.log(
    `At one every ${DEFAULT_INTERVAL_SECONDS} s, to be at most ${60 / DEFAULT_INTERVAL_SECONDS}.0 and those of the start.\n`,
  )
}

await benchEnd()
await benchCalls()
