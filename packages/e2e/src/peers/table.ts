/**
 * `npx --yes pnpm@12 peers` measures the cases in which health checks are known to go wrong, with the built
 * health-check and with wait-on, and prints the table of docs/health-check.md; `--write` puts it there.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { table } from '@deploy-kit/core/markdown'
import { PEER_CASES, type PeerCase } from './cases.ts'
import { type Measured, measureHealthCheck, measureWaitOn, waitOnVersion } from './measurement.ts'

const PAGE = join(import.meta.dirname, '../../../../docs/health-check.md')
const MARKERS = /(?<=<!-- cases -->\n)[\s\S]*(?=<!-- \/cases -->)/

interface Row {
  readonly cells: string[]
  readonly right: boolean
}

const WORDS = { pass: 'passes', fail: 'fails', hangs: 'still runs', injected: 'obeys it,' } as const

async function main(): Promise<void> {
  const rows = await measureAll()
  const header = ['Case', 'Right is to', 'The tools of today', `wait-on ${waitOnVersion}`, 'health-check']
  const markdown = table(
    header,
    rows.map(({ cells }) => cells),
  )
  console.log(markdown)
  if (process.argv.includes('--write')) {
    const page = await readFile(PAGE, 'utf8')
    await writeFile(PAGE, page.replace(MARKERS, `\n${markdown}\n\n`))
  }
  if (rows.some(({ right }) => !right)) process.exitCode = 1
}

/** A few cases at a time: most of a case is waiting, and more would measure how they get in each other's way. */
async function measureAll(): Promise<Row[]> {
  const rows: Row[] = []
  const cases = PEER_CASES.entries()
  const measureNext = async (): Promise<void> => {
    for (const [index, peerCase] of cases) rows[index] = await measureCase(peerCase)
  }
  await Promise.all(Array.from({ length: 3 }, measureNext))
  return rows
}

async function measureCase(peerCase: PeerCase): Promise<Row> {
  const [ours, theirs] = await Promise.all([
    measureHealthCheck(peerCase),
    peerCase.comparable === false ? undefined : measureWaitOn(peerCase),
  ])
  const cells = [
    peerCase.name,
    peerCase.right,
    peerCase.recorded,
    theirs ? cell(theirs, peerCase) : '',
    cell(ours, peerCase),
  ]
  return { cells, right: ours.verdict === peerCase.right }
}

function cell({ verdict, elapsedMs, why }: Measured, { right }: PeerCase): string {
  const reason = why === '' ? '' : ` (\`${why}\`)`
  return `${verdict === right ? '✅' : '❌'} ${WORDS[verdict]}${reason} after ${(elapsedMs / 1000).toFixed(1)} s`
}

await main()
