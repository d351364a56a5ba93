import { spawn } from 'node:child_process'
import { abortAfter } from './abort.ts'
import { type Clock, systemClock } from './clock.ts'

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
  /** Receives whole lines as they come, for what runs long enough that people want to watch it. */
  readonly onLines?: (lines: readonly string[]) => void
}

/** The last part of an output that is longer is kept. */
const MOST_OUTPUT = 256 * 1024
/** Between SIGTERM and SIGKILL; a cancelled step has five seconds in all. */
const GRACE_MS = 2000
/** A program that the command left running may keep the output open; nobody waits for it longer than this. */
const DRAIN_MS = 500

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
  const closed = Promise.withResolvers<number | null>()
  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = new LineSplitter(options.onLines)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] = (output[stream] + chunk).slice(-MOST_OUTPUT)
      lines.add(chunk)
    })
    void closed.promise.catch(() => undefined).then(() => lines.end())
  }
  const ended = new AbortController()
  child.on('error', closed.reject)
  child.on('close', (exitCode) => closed.resolve(exitCode))
  child.on('exit', (exitCode) => {
    // A group that is being ended is waited for until nothing of it is left.
    if (limit.signal.aborted) return
    void systemClock.sleep(DRAIN_MS, ended.signal).then(() => closed.resolve(exitCode))
  })
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

/** Whole lines out of chunks. */
class LineSplitter {
  readonly #receive: ((lines: readonly string[]) => void) | undefined
  #rest = ''

  constructor(receive: ((lines: readonly string[]) => void) | undefined) {
    this.#receive = receive
  }

  add(chunk: string): void {
    if (!this.#receive) return
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = (lines.pop() ?? '').slice(-MOST_OUTPUT)
    if (lines.length > 0) this.#receive(lines)
  }

  end(): void {
    if (this.#rest !== '') this.#receive?.([this.#rest])
    this.#rest = ''
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
