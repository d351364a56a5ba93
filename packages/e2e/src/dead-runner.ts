import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runWorkflow } from '@deploy-kit/lab/rehearsal/run-workflow'
import type { WorkflowRun } from '@deploy-kit/lab/rehearsal/workflow-run'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import type { FinanceHub } from './finance-hub.ts'

const runner = fileURLToPath(new URL('./stand-ins/runner.ts', import.meta.url))

/** When the runner dies: so long after a step has begun, or once ECS has got a request from it. */
export interface Death {
  readonly step: string
  readonly after: number | string
}

let runs = Date.now()

/**
 * Deploys a version and kills the runner, with all that it started, at its moment.
 * @returns the run's id; whether it had ended before
 */
export async function deployAndDie(
  hub: FinanceHub,
  version: string,
  { step, after }: Death,
): Promise<{ readonly runId: number; readonly conclusion: string }> {
  runs += 1
  const child = fork(runner, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const reached = Promise.withResolvers<string>()
  child.on('message', (told: string) => {
    if (told === step || told.startsWith('ended: ')) reached.resolve(told)
  })
  child.send({
    workflowFile: hub.workflow('deploy'),
    event: 'workflow_dispatch',
    inputs: { version },
    vars: hub.lab.variables,
    environment: hub.environment,
    runId: String(runs),
  })
  const told = await Promise.race([reached.promise, ended.then(() => 'ended: early')])
  if (told === step) await Promise.race([typeof after === 'number' ? sleep(after) : requested(hub, after), ended])
  const isDead = child.exitCode === null && child.kill('SIGKILL')
  await ended
  return { runId: runs, conclusion: isDead ? 'failure' : told.replace('ended: ', '') }
}

async function requested({ lab }: FinanceHub, operation: string): Promise<void> {
  const before = lab.journal.requests('ecs', operation).length
  while (lab.journal.requests('ecs', operation).length === before) await sleep(5)
}

/** What GitHub starts when the run is over. */
export function cleanUp(
  hub: FinanceHub,
  { runId, conclusion }: { readonly runId: number; readonly conclusion: string },
): Promise<WorkflowRun> {
  return runWorkflow({
    workflowFile: hub.workflow('clean-up'),
    event: 'workflow_run',
    payload: {
      workflow_run: {
        ...{ id: runId, run_attempt: 1, name: 'Deploy', status: 'completed', conclusion },
        head_repository: { full_name: hub.environment.GITHUB_REPOSITORY },
      },
    },
    vars: hub.lab.variables,
    environment: hub.environment,
    releaseTree: () => ensureReleaseTree(),
  })
}
