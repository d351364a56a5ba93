import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { killMarked, markName } from './marked-processes.ts'
import { signalGroup } from './process-group.ts'

export interface KeptProcessOptions {
  readonly cwd?: string
  /** The whole environment of the process, but for the mark by which what it leaves behind is found. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdio: StdioOptions
  readonly uid?: number
  readonly gid?: number
  /** What ends the process when the lab has died: SIGQUIT lets a PostgreSQL server remove its shared memory. */
  readonly reapWith?: 'SIGKILL' | 'SIGQUIT'
  /**
   * What the process leaves running goes on until it is signalled, or the keeper is disposed. Otherwise it ends with
   * the process, as everything in a container ends with its first process.
   */
  readonly outlivedByGroup?: boolean
}

/**
 * Child processes in process groups of their own that never outlive the lab: a separate process, the reaper, learns
 * of each group over a pipe and kills what is left when that pipe closes, for whatever reason (kill -9 included).
 */
export class ProcessKeeper implements AsyncDisposable {
  readonly #reaper: ChildProcess
  readonly #reaperEnded: Promise<unknown>
  readonly #living = new Set<ChildProcess>()
  /** Ended processes whose group lives on. */
  readonly #outlived = new Set<ChildProcess>()
  readonly #sweeps = new Set<Promise<unknown>>()
  readonly #mark = randomBytes(8).toString('hex')
  #started = 0
  #disposed = false

  /** `dataDirectory` is removed, after the last process has ended, when the keeper is disposed or the lab dies. */
  constructor(dataDirectory?: string) {
    this.#reaper = spawn(process.execPath, [fileURLToPath(new URL('reaper.ts', import.meta.url))], {
      detached: true,
      env: {},
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    // Writing to a reaper that somebody killed must not take the lab down.
    this.#reaper.stdin?.on('error', () => {})
    this.#reaperEnded = once(this.#reaper, 'exit')
    this.#tell({ mark: `${this.#mark}.`, directory: dataDirectory })
  }

  /**
   * Starts `command` in its own process group.
   * @throws Error when the keeper was disposed; a command that cannot be started is the child's `error` event
   */
  spawn(command: string, args: readonly string[], options: KeptProcessOptions): ChildProcess {
    if (this.#disposed) throw new Error(`The lab is closing; ${command} is not started`)
    const { reapWith = 'SIGKILL', outlivedByGroup = false, env, ...spawnOptions } = options
    this.#started += 1
    const mark = `${this.#mark}.${this.#started}.`
    const child = spawn(command, args, { ...spawnOptions, env: { ...env, [markName]: mark }, detached: true })
    const group = child.pid
    if (group === undefined) return child
    this.#tell({ add: group, with: reapWith })
    this.#living.add(child)
    child.once('exit', () => {
      this.#living.delete(child)
      if (outlivedByGroup && signalGroup(group, 0)) {
        this.#outlived.add(child)
        return
      }
      signalGroup(group, 'SIGKILL')
      this.#tell({ remove: group })
      if (!outlivedByGroup) this.#sweep(mark)
    })
    return child
  }

  /** Signals the child's whole group; nothing happens when it is gone. */
  signal(child: ChildProcess, signal: NodeJS.Signals): void {
    if (child.pid === undefined) return
    if (this.#living.has(child) || this.#outlived.has(child)) signalGroup(child.pid, signal)
    if (signal === 'SIGKILL' && this.#outlived.delete(child)) this.#tell({ remove: child.pid })
  }

  /** SIGKILLs what still lives, removes the data directory and resolves when both are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    const ends = [...this.#living].map((child) => once(child, 'exit'))
    for (const child of [...this.#living, ...this.#outlived]) this.signal(child, 'SIGKILL')
    await Promise.all(ends)
    await Promise.all(this.#sweeps)
    this.#reaper.stdin?.end()
    await this.#reaperEnded
  }

  #sweep(mark: string): void {
    const sweep = killMarked(mark).finally(() => this.#sweeps.delete(sweep))
    this.#sweeps.add(sweep)
  }

  #tell(message: Readonly<Record<string, unknown>>): void {
    if (this.#reaper.stdin?.writable) this.#reaper.stdin.write(`${JSON.stringify(message)}\n`)
  }
}
