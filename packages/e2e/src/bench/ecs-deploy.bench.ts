/**
 * Part of `npx --yes pnpm@12 bench`: how soon the built ecs-deploy fails after its deployment has, what it asks of AWS for
 * 1, 10 and 100 services, and what users lose meanwhile.
 */
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { lostVisits, Traffic } from '@deploy-kit/lab/rehearsal/traffic'
import { imageOf, type SmallService, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { renderColumns } from '@deploy-kit/release/text-table'
import { type ReleasedRun, runReleased } from '../released-run.ts'

const ROUNDS = 10
const INTERVAL_MS = 500
const COUNTS = [1, 10, 100]

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `of-${count}-${index}`)

function start(services: readonly (string | SmallService)[], timeScale: number): Promise<Lab> {
  return startLab({ world: smallWorld(services), timeScale })
}

function deploy(lab: Lab, services: readonly string[], tag: string, more: Record<string, string> = {}) {
  const inputs = { cluster: 'small', services: services.join(','), image: imageOf(tag), interval: `${INTERVAL_MS}ms` }
  const given = { ...inputs, 'max-failed-tasks': '99', ...more }
  return runReleased('ecs-deploy', given, { environment: lab.environment })
}

function expectEnd(run: ReleasedRun, outcome: string): void {
  if (run.outputs.outcome !== outcome)
    throw new Error(`ecs-deploy: ${run.outputs.outcome}, not ${outcome}:\n${run.log}`)
}

/** From the moment at which ECS gives the deployment up: to the look that sees it, and to the end of the step. */
async function benchFailure(): Promise<void> {
  await using lab = await start(['bad'], 0.02)
  const [noticed, ended]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = lab.journal.entries().length
    expectEnd(await deploy(lab, ['bad'], 'broken'), 'rolled-back')
    const endedAt = Date.now()
    const entries = lab.journal.entries().slice(from)
    const at = entries.findIndex((entry) => entry.kind === 'change' && entry.to === 'FAILED')
    const failedAt = entries[at]?.at.getTime() ?? Number.NaN
    const look = entries.slice(at).find((entry) => entry.kind === 'request' && entry.operation === 'DescribeServices')
    noticed.push((look?.at.getTime() ?? Number.NaN) - failedAt)
    ended.push(endedAt - failedAt)
  }
  const row = (what: string, all: readonly number[]): string[] => {
    const sorted = all.toSorted((a, b) => a - b)
    const times = [sorted[Math.floor(ROUNDS / 2)] ?? 0, sorted.at(-1) ?? 0]
    return [what, ...times.map((ms) => `${ms} ms, ${(ms / INTERVAL_MS).toFixed(2)} ×`)]
  }
  const header = [`deployment FAILED, then (${ROUNDS} runs)`, 'median', 'most']
  console.log(renderColumns([header, row('noticed', noticed), row('step ended', ended)]))
  console.log(`Noticed is to be at most one interval, ${INTERVAL_MS} ms, and the time of an answer.\n`)
}

async function benchCalls(): Promise<void> {
  // All of one family: a hundred revisions to register would take longer than their tasks to start.
  const services = COUNTS.flatMap(names).map((name) => ({ name, settings: { taskDefinition: names(1)[0] } }))
  await using lab = await start(services, 0.1)
  const rows: string[][] = []
  for (const count of COUNTS) {
    const from = lab.journal.entries().length
    expectEnd(await deploy(lab, names(count), `v-${count}`, { 'max-parallel': String(count) }), 'deployed')
    const requests = lab.journal
      .entries()
      .slice(from)
      .flatMap((entry) => (entry.kind === 'request' ? [entry] : []))
    const first = requests.findIndex(({ operation }) => operation === 'UpdateService')
    const waiting = requests.slice(first)
    const elapsedMs = (waiting.at(-1)?.at.getTime() ?? 0) - (waiting[0]?.at.getTime() ?? 0)
    const ticks = Math.ceil(elapsedMs / INTERVAL_MS) + 1
    const ofAll = (pattern: RegExp): number => waiting.filter(({ operation }) => pattern.test(operation)).length
    const perTick = (pattern: RegExp): string => (ofAll(pattern) / ticks).toFixed(2)
    const limit = String(Math.ceil(count / 10) + 1)
    rows.push([
      String(count),
      String(ticks),
      perTick(/^DescribeServices$/),
      perTick(/^Describe/),
      perTick(/^List/),
      limit,
    ])
  }
  const header = ['services', 'ticks', 'DescribeServices a tick', 'all Describe… a tick', 'List… a tick', 'allowed']
  console.log(renderColumns([header, ...rows]))
  console.log()
}

async function benchLost(): Promise<void> {
  await using lab = await start([{ name: 'web', balanced: true, desiredCount: 2 }], 0.02)
  const rows: string[][] = []
  const measure = async (what: string, body: () => Promise<ReleasedRun>): Promise<void> => {
    const traffic = new Traffic(lab.serviceUrl('web'))
    const run = await body()
    const visits = await traffic.end()
    rows.push([what, run.outputs.outcome ?? '', String(visits.length), String(lostVisits(visits).length)])
  }
  await measure('good deploy', () => deploy(lab, ['web'], 'v2'))
  await measure('bad deploy: exits', () => deploy(lab, ['web'], 'broken'))
  await measure('bad deploy: not healthy', () => deploy(lab, ['web'], 'sick'))
  const back = { mode: 'rollback', cluster: 'small', services: 'web', to: 'previous', interval: `${INTERVAL_MS}ms` }
  await measure('rollback', () => runReleased('auto-rollback', back, { environment: lab.environment }))
  console.log(renderColumns([['at the load balancer', 'outcome', 'requests', 'lost'], ...rows]))
  console.log('To be 0 lost.\n')
}

await benchFailure()
await benchCalls()
await benchLost()
