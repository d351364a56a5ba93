import { spawn } from 'node:child_process'
import { platform } from 'node:os'
import type { Readable } from 'node:stream'
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
  /**
   * Receives whole lines as they come, for what runs long enough that people want to watch it. The command waits with
   * further output until what this returns is done.
   */
  readonly onLines?: (lines: readonly string[]) => void | Promise<void>
}

/**
 * What a `run:` step would not have either: the inputs of an action (tokens among them), the files and state that belong
 * to the action alone, and the runner's own tokens.
 */
const OF_THE_ACTION =
  /^(INPUT_|STATE_|GITHUB_OUTPUT$|GITHUB_STATE$|ACTIONS_RUNTIME_|ACTIONS_CACHE_URL$|ACTIONS_RESULTS_URL$)/i

/** The environment for a command of the user's: the job's variables, without what only the action was given. */
export function commandEnvironment(environment: ShellOptions['environment']): ShellOptions['environment'] {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_THE_ACTION.test(name)))
}

const isWindows = platform() === 'win32'

/** The last part of an output that is longer is kept. */
const MOST_OUTPUT = 256 * 1024
/** Between SIGTERM and SIGKILL; a cancelled step has five seconds in all. */
const GRACE_MS = 2000
/** A program that the command left running may keep the output open; nobody waits for it longer than this. */
const DRAIN_MS = 500

/**
 * Runs a command by the system shell (`/bin/sh -c`, cmd.exe on Windows). Values go into its environment, never into the
 * command. It is a process group of its own, so that it ends as a whole at the time limit and with the signal; Windows has
 * none, and ends the command and what it has started at once, without a chance to clean up.
 *
 * @throws Error when there is no shell
 */
export async function runShell(command: string, options: ShellOptions): Promise<ShellResult> {
  const { environment, directory, timeoutMs, signal, clock } = options
  using limit = abortAfter(timeoutMs, clock, signal)
  const child = spawn(command, {
    shell: true,
    // On Windows this would open a window.
    detached: !isWindows,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment },
    ...(directory !== undefined && { cwd: directory }),
  })
  const exited = Promise.withResolvers<number | null>()
  child.on('error', exited.reject)
  child.on('exit', (exitCode) => exited.resolve(exitCode))
  const output = [child.stdout, child.stderr].map((stream) => new Output(stream, options.onLines))
  const read = Promise.all(output.map((each) => each.read()))
  const ended = new AbortController()
  const end = (): void => void endGroup(child.pid, clock, ended.signal)
  limit.signal.addEventListener('abort', end, { once: true })
  if (limit.signal.aborted) end()
  try {
    const exitCode = await exited.promise
    // A group that is being ended is waited for until nothing of it is left.
    await (limit.signal.aborted ? read : Promise.race([read, silence(output)]))
    const [stdout = '', stderr = ''] = output.map(({ text }) => text)
    return { exitCode, timedOut: limit.timedOut(), stdout, stderr }
  } finally {
    ended.abort()
    limit.signal.removeEventListener('abort', end)
  }
}

/** What a command writes to one stream: its last part as text, and whole lines for whoever wants them. */
class Output {
  readonly #stream: Readable
  readonly #onLines: ShellOptions['onLines']
  text = ''
  lastAtMs = performance.now()

  constructor(stream: Readable, onLines: ShellOptions['onLines']) {
    this.#stream = stream.setEncoding('utf8')
    this.#onLines = onLines
  }

  /** Until the stream ends. */
  async read(): Promise<void> {
    let rest = ''
    for await (const chunk of this.#stream) {
      this.text = (this.text + chunk).slice(-MOST_OUTPUT)
      const lines = (rest + chunk).split('\n')
      rest = (lines.pop() ?? '').slice(-MOST_OUTPUT)
      // Lines that are still being taken are no silence.
      this.lastAtMs = Number.POSITIVE_INFINITY
      if (lines.length > 0) await this.#onLines?.(lines)
      this.lastAtMs = performance.now()
    }
    if (rest !== '') await this.#onLines?.([rest])
  }
}

/** Resolves once nothing has been written for DRAIN_MS. */
async function silence(output: readonly Output[]): Promise<void> {
  const startedAtMs = performance.now()
  while (true) {
    const sinceMs = performance.now() - Math.max(startedAtMs, ...output.map(({ lastAtMs }) => lastAtMs))
    if (sinceMs >= DRAIN_MS) return
    await systemClock.sleep(Math.min(DRAIN_MS, DRAIN_MS - sinceMs))
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
  if (isWindows) {
    // An 'error' (there is no taskkill) leaves the command as it is: nothing else could end it.
    spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' }).on('error', () => {})
    return
  }
  // biome-ignore lint/style/noRestrictedGlobals: a group can be reached by no method of the child; nothing of this process is read or changed.
  process.kill(-pid, signal)
}
