/**
 * Part of `npx --yes pnpm@12 bench`: how soon the built ecs-run-migration sends its first request, how soon after its
 * container has ended it ends, what it asks of AWS meanwhile, and what a log of 100,000 lines costs. The actions that are
 * used today notice the end a median of 115 s late.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { smallWorld } from '@deploy-kit/lab/testing/small-world'
import { renderColumns } from '@deploy-kit/release/text-table'
import { type ReleasedRun, runReleased } from '../released-run.ts'

const ROUNDS = 10
const INTERVAL_MS = 1000
/** After the end, the log is read on until no line has come for this long. */
const QUIET_MS = 2000

let runs = 0

function run(lab: Lab, script: string, more: { wrapper?: readonly string[] } = {}): Promise<ReleasedRun> {
  runs += 1
  const command = JSON.stringify(['node', '-e', script])
  const inputs = { cluster: 'small', service: 'ledger', command, interval: `${INTERVAL_MS}ms` }
  return runReleased('ecs-run-migration', inputs, {
    environment: { ...lab.environment, GITHUB_RUN_ID: String(runs) },
    ...more,
  })
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

async function timeOfNode(file: string): Promise<number> {
  const startedAt = performance.now()
  await once(spawn(process.execPath, [file]), 'close')
  return performance.now() - startedAt
}

async function benchStart(lab: Lab, folder: string): Promise<void> {
  const empty = join(folder, 'empty.mjs')
  await writeFile(empty, '')
  const [bare, first]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await timeOfNode(empty))
    const from = lab.journal.entries().length
    const { elapsedMs } = await run(lab, '')
    const startedAt = Date.now() - elapsedMs
    const request = lab.journal
      .entries()
      .slice(from)
      .find((entry) => entry.kind === 'request')
    first.push((request?.at.getTime() ?? Number.NaN) - startedAt)
  }
  const ratio = median(first) / median(bare)
  console.log(`First AWS call: ${median(first).toFixed(0)} ms, ${ratio.toFixed(1)} × bare Node; to be at most 3.2 ×.`)
}

async function benchEnd(lab: Lab): Promise<void> {
  const late: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const lasts = 300 + 100 * round
    const done = await run(lab, `setTimeout(() => {}, ${lasts})`)
    const endedAt = Date.now()
    const change = lab.journal
      .entries()
      .find((entry) => entry.kind === 'change' && entry.resource === done.outputs['task-arn'] && entry.to === 'STOPPED')
    late.push(endedAt - (change?.at.getTime() ?? Number.NaN))
  }
  const most = Math.max(...late)
  const limit = INTERVAL_MS * 1.1 + QUIET_MS
  console.log(
    `Task stopped, then the step ended: median ${median(late)} ms, most ${most} ms; to be at most ${limit} ms: an interval, 10 %, and ${QUIET_MS} ms for the last lines of the log.`,
  )
}

async function benchCalls(lab: Lab): Promise<void> {
  const from = lab.journal.entries().length
  const done = await run(lab, 'setTimeout(() => {}, 20_000)')
  const calls = (operation: string): number =>
    lab.journal
      .entries()
      .slice(from)
      .filter((entry) => entry.kind === 'request' && entry.operation === operation).length
  const looks = done.elapsedMs / INTERVAL_MS
  const rows = ['DescribeTasks', 'GetLogEvents'].map((operation) => [
    operation,
    String(calls(operation)),
    (calls(operation) / looks).toFixed(2),
    ((calls(operation) / looks) * 12).toFixed(1),
  ])
  console.log(renderColumns([['20 s at 1 s', 'calls', 'an interval', 'a minute at 5 s'], ...rows]))
}

async function benchLog(lab: Lab): Promise<void> {
  const wrapper = ['/usr/bin/time', '-f', 'peak %M']
  const measure = async (lines: number): Promise<readonly string[]> => {
    const done = await run(lab, `for (let n = 0; n < ${lines}; n++) console.log("line " + n)`, { wrapper })
    const printed = done.log.split('\n').filter((line) => line.startsWith('line ')).length
    const peakKb = Number(/^peak (\d+)$/m.exec(done.log)?.[1])
    return [`${lines} lines`, String(printed), `${done.elapsedMs.toFixed(0)} ms`, `${(peakKb / 1024).toFixed(0)} MiB`]
  }
  const rows = [await measure(10), await measure(100_000)]
  console.log(renderColumns([['log', 'printed', 'step', 'memory at its peak'], ...rows]))
}

const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-bench-'))
try {
  await using lab = await startLab({ world: smallWorld(['ledger']), timeScale: 0.005, throttling: false })
  await benchStart(lab, folder)
  await benchEnd(lab)
  await benchCalls(lab)
  await benchLog(lab)
} finally {
  await rm(folder, { recursive: true, force: true })
}
