import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessKeeper } from '../process-keeper.ts'
import type { ContainerDefinition } from './container-definition.ts'
import type { OutputLines } from './container-output.ts'

export type ContainerStatus = 'PENDING' | 'RUNNING' | 'STOPPED'
export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'

/** What the process of a container is started with. */
export interface Launch {
  readonly command: readonly string[]
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
}

/** How long output that a process left behind is read on after its end. */
const outputGraceMs = 2_000

/** One container of a task: a real process in a group of its own. */
export class Container {
  readonly arn: string
  readonly runtimeId: string
  readonly definition: ContainerDefinition
  lastStatus: ContainerStatus = 'PENDING'
  healthStatus: HealthStatus = 'UNKNOWN'
  exitCode: number | undefined
  /** Why it did not run, or was ended, in the words of ECS. */
  reason: string | undefined
  imageDigest: string | undefined
  /** Where the process listens, in place of the first container port. */
  port: number | undefined
  readonly #keeper: ProcessKeeper
  readonly #changed: () => void
  readonly #settled = Promise.withResolvers<void>()
  #process: ChildProcess | undefined
  #killed = false

  constructor(
    identity: Pick<Container, 'arn' | 'runtimeId' | 'definition'>,
    keeper: ProcessKeeper,
    changed: () => void,
  ) {
    this.arn = identity.arn
    this.runtimeId = identity.runtimeId
    this.definition = identity.definition
    this.#keeper = keeper
    this.#changed = changed
  }

  get name(): string {
    return this.definition.name
  }

  get started(): boolean {
    return this.#process !== undefined
  }

  /** Resolves when the container will not run any more: it has ended, or never ran. */
  ended(): Promise<void> {
    return this.#settled.promise
  }

  /** False, with a reason, when the command cannot be started. */
  async start(launch: Launch, output: OutputLines): Promise<boolean> {
    const [command = '', ...args] = launch.command
    const options = { cwd: launch.directory, env: launch.environment, stdio: ['ignore', 'pipe', 'pipe'] as const }
    const child = this.#keeper.spawn(command, args, { ...options, stdio: [...options.stdio] })
    try {
      await once(child, 'spawn')
    } catch (error) {
      this.abandon(cannotStart(launch, error))
      return false
    }
    this.#process = child
    if (child.stdout) output.read(child.stdout)
    if (child.stderr) output.read(child.stderr)
    this.lastStatus = 'RUNNING'
    this.#changed()
    void this.#watch(child, output)
    return true
  }

  /** Ends a container that has not run. */
  abandon(reason?: string): void {
    if (this.started || this.lastStatus === 'STOPPED') return
    this.lastStatus = 'STOPPED'
    this.reason ??= reason
    this.#settled.resolve()
    this.#changed()
  }

  /** SIGTERM to the first process, SIGKILL to all of them after `graceMs`; resolves when it has ended. */
  async stop(graceMs: number): Promise<void> {
    if (this.#process === undefined) this.abandon()
    const grace = new AbortController()
    this.#process?.kill('SIGTERM')
    await Promise.race([this.ended(), sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {})])
    grace.abort()
    this.kill()
    await this.ended()
  }

  kill(): void {
    this.#killed = true
    if (this.#process !== undefined) this.#keeper.signal(this.#process, 'SIGKILL')
  }

  async #watch(child: ChildProcess, output: OutputLines): Promise<void> {
    const [code, signal] =
      child.exitCode === null && child.signalCode === null
        ? ((await once(child, 'exit')) as [number | null, NodeJS.Signals | null])
        : [child.exitCode, child.signalCode]
    this.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
    // Nobody but ECS and the kernel can SIGKILL a container's first process, and the kernel does so for memory.
    if (signal === 'SIGKILL' && !this.#killed) this.reason = 'OutOfMemoryError: Container killed due to memory usage'
    await Promise.race([output.ended(), sleep(outputGraceMs, undefined, { ref: false })])
    child.stdout?.destroy()
    child.stderr?.destroy()
    await output.ended()
    this.lastStatus = 'STOPPED'
    this.#settled.resolve()
    this.#changed()
  }
}

/** (CannotStartContainerError; the runtime's own words for a command that does not exist) */
function cannotStart({ command: [command], directory }: Launch, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  const cause =
    code === 'ENOENT'
      ? existsSync(directory)
        ? 'executable file not found in $PATH'
        : `chdir to ${directory}: no such file or directory`
      : code === 'EACCES'
        ? 'permission denied'
        : error instanceof Error
          ? error.message
          : String(error)
  return `CannotStartContainerError: runc create failed: unable to start container process: exec: "${command}": ${cause}: unknown`
}
