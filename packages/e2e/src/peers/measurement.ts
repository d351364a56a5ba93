import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runReleased } from '../released-run.ts'
import type { PeerCase } from './cases.ts'

/** How one tool did in one case. */
export interface Measured {
  readonly verdict: 'pass' | 'fail' | 'hangs' | 'injected'
  readonly elapsedMs: number
  /** What it says about a failure. */
  readonly why: string
}

/** What still runs so long after its budget is taken to hang. */
const GRACE_MS = 10_000
const BUDGET_MS = 5000

/** The built health-check with its defaults, but for what the case sets. */
export async function measureHealthCheck(peerCase: PeerCase): Promise<Measured> {
  await using target = await peerCase.start()
  const timeout = `${peerCase.budgetMs ?? BUDGET_MS}ms`
  const run = await runReleased('health-check', { url: target.url, timeout, ...peerCase.inputs })
  const verdict = obeysBody(run.log) ? 'injected' : run.exitCode === 0 ? 'pass' : 'fail'
  return { verdict, elapsedMs: run.elapsedMs, why: run.outputs.reason ?? '' }
}

/** Whether a command from a body stands in the log where the runner would obey it. */
function obeysBody(log: string): boolean {
  const obeyed = log.replaceAll(/^::stop-commands::(.+)\n[\s\S]*?^::\1::$/gm, '')
  return obeyed.includes('::error::injected')
}

const waitOnManifest = fileURLToPath(import.meta.resolve('wait-on/package.json'))

export const waitOnVersion: string = JSON.parse(readFileSync(waitOnManifest, 'utf8')).version

/** `wait-on` from npm with its defaults, but for the timeout. */
export async function measureWaitOn(peerCase: PeerCase): Promise<Measured> {
  await using target = await peerCase.start()
  const budgetMs = peerCase.budgetMs ?? BUDGET_MS
  const program = join(waitOnManifest, '..', 'bin', 'wait-on')
  const startedAt = performance.now()
  const child = spawn(process.execPath, [program, '--timeout', String(budgetMs), `${target.url}/`], { stdio: 'ignore' })
  const ended = once(child, 'close')
  const patience = setTimeout(() => child.kill('SIGKILL'), budgetMs + GRACE_MS)
  const [exitCode, signal] = await ended
  clearTimeout(patience)
  const verdict = signal === 'SIGKILL' ? 'hangs' : exitCode === 0 ? 'pass' : 'fail'
  return { verdict, elapsedMs: performance.now() - startedAt, why: '' }
}
