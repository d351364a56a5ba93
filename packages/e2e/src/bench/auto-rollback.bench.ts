/**
 * Part of `npx --yes pnpm@12 bench`: time to restore with the built auto-rollback and with a `run:` step made of AWS CLI calls,
 * in the same lab at the same time. The lab is slow enough for both to look as often as they do in production: the CLI's waiter
 * every 15 s, the action every 5 s.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { renderColumns } from '@deploy-kit/release/text-table'
import { runReleased } from '../released-run.ts'

/** What teams write into `if: failure()` steps. */
const SCRIPT = `set -e
aws ecs update-service --cluster small --service "$SERVICE" --task-definition "$SERVICE:1" > /dev/null
aws ecs wait services-stable --cluster small --services "$SERVICE"`
/** Real seconds for one of AWS's. */
const TIME_SCALE = 0.5
const SITUATIONS = ['finished', 'in flight'] as const

interface Restored {
  /** Until the step has ended and so knows that the service is restored. */
  readonly stepMs: number
  /** Until no task of the bad revision was left and the old one was complete. */
  readonly serviceMs: number
}

async function restore(lab: Lab, service: string, restoring: () => Promise<unknown>): Promise<Restored> {
  const from = lab.journal.entries().length
  const startedAt = Date.now()
  await restoring()
  const stepMs = Date.now() - startedAt
  const steady = lab.journal
    .entries()
    .slice(from)
    .findLast((entry) => entry.kind === 'change' && entry.resource.includes(`/${service} `) && entry.to === 'COMPLETED')
  return { stepMs, serviceMs: (steady?.at.getTime() ?? Number.NaN) - startedAt }
}

async function byAction(lab: Lab, service: string): Promise<void> {
  const inputs = { mode: 'rollback', cluster: 'small', services: service, to: `${service}:1` }
  const run = await runReleased('auto-rollback', inputs, { environment: lab.environment })
  if (run.outputs.outcome !== 'rolled-back') throw new Error(run.log)
}

async function byCommands(lab: Lab, service: string): Promise<void> {
  const env = { ...lab.environment, PATH: process.env.PATH, HOME: process.env.HOME, SERVICE: service }
  const [code] = await once(spawn('sh', ['-c', SCRIPT], { env, stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
  if (code !== 0) throw new Error(`The run: step exited with ${code}`)
}

async function prepare(lab: Lab, service: string, wait: boolean): Promise<void> {
  const inputs = { cluster: 'small', services: service, image: imageOf('v2'), wait: String(wait) }
  const run = await runReleased('ecs-deploy', inputs, { environment: lab.environment })
  if (run.outputs.outcome !== 'deployed') throw new Error(run.log)
}

if (spawnSync('aws', ['--version']).status !== 0) {
  console.log('Time to restore is compared with the AWS CLI, which is not on this machine.\n')
} else {
  const lanes = SITUATIONS.flatMap((situation) => [
    { situation, by: 'auto-rollback', service: `${situation.replace(' ', '-')}-action`, restoring: byAction },
    { situation, by: 'run: step of CLI calls', service: `${situation.replace(' ', '-')}-cli`, restoring: byCommands },
  ])
  await using lab = await startLab({ world: smallWorld(lanes.map(({ service }) => service)), timeScale: TIME_SCALE })
  const rows = await Promise.all(
    lanes.map(async ({ situation, by, service, restoring }) => {
      await prepare(lab, service, situation === 'finished')
      const { stepMs, serviceMs } = await restore(lab, service, () => restoring(lab, service))
      return [situation, by, ...[serviceMs, stepMs].map((ms) => `${(ms / 1000).toFixed(1)} s`)]
    }),
  )
  console.log(renderColumns([['the bad release is', 'restored by', 'service restored', 'step ended'], ...rows]))
  console.log()
}
