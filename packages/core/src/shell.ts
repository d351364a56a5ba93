import { spawn } from 'node:child_process'
import { abortAfter } from './abort.ts'
import type { Clock } from './clock.ts'

/** How a command ended. */
export interface ShellResult {
  /** Null when it was ended: by the time limit, by the signal, or by somebody else. */
  readonly exitCode: number | null
  readonly timedOut: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface ShellOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly directory?: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** The last part of an output that is longer is kept. */
const MOST_OUTPUT = 256 * 1024
/** Between SIGTERM and SIGKILL; a cancelled step has five seconds in all. */
const GRACE_MS = 2000

/**
 * Runs a command by the system shell (`/bin/sh -c`, cmd.exe on Windows). Values go into its environment, never into the
 * command. It is a process group of its own, so that it ends as a whole at the time limit and with the signal.
 *
 * @throws Error when there is no shell
 */
export async function runShell(command: string, options: ShellOptions): Promise<ShellResult> {
  const { environment, directory, timeoutMs, signal, clock } = options
  using limit = abortAfter(timeoutMs, clock, signal)
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment },
    ...(directory !== undefined && { cwd: directory }),
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] = (output[stream] + chunk).slice(-MOST_OUTPUT)
    })
  }
  const closed = Promise.withResolvers<number | null>()
  child.on('error', closed.reject)
  child.on('close', (exitCode) => closed.resolve(exitCode))
  const ended = new AbortController()
  const end = (): void => void endGroup(child.pid, clock, ended.signal)
  limit.signal.addEventListener('abort', end, { once: true })
  if (limit.signal.aborted) end()
  try {
    return { exitCode: await closed.promise, timedOut: limit.timedOut(), ...output }
  } finally {
    ended.abort()
    limit.signal.removeEventListener('abort', end)
  }
}

/** A shell's children live on when it is killed; the group does not. */
async function endGroup(pid: number | undefined, clock: Clock, ended: AbortSignal): Promise<void> {
  if (pid === undefined) return
  try {
    killGroup(pid, 'SIGTERM')
    await clock.sleep(GRACE_MS, ended)
    killGroup(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function killGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  // biome-ignore lint/style/noRestrictedGlobals: a group can be reached by no method of the child; nothing of this process is read or changed.
  process.kill(-pid, signal)
}
