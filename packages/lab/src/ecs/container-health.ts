import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabClock } from '../lab-clock.ts'
import type { ProcessKeeper } from '../process-keeper.ts'
import type { Container, Launch } from './container.ts'
import type { ContainerHealthCheck } from './container-definition.ts'

interface Watch {
  readonly container: Container
  readonly check: ContainerHealthCheck
  /** The check runs where the container runs. */
  readonly launch: Launch
  readonly keeper: ProcessKeeper
  readonly clock: LabClock
  readonly signal: AbortSignal
  readonly changed: () => void
}

/** A real process needs real time to start, and to answer. */
const minimumStartPeriodMs = 1_500
const minimumTimeoutMs = 2_000

/**
 * Runs a container's health check until `signal`: HEALTHY after one success, UNHEALTHY after `retries` failures in a
 * row outside the start period. (HealthCheck: interval 30 s, timeout 5 s, retries 3, startPeriod off by default)
 */
export async function watchHealth({ container, check, launch, keeper, clock, signal, changed }: Watch): Promise<void> {
  const { interval = 30, timeout = 5, retries = 3, startPeriod = 0 } = check
  const command = commandOf(check)
  if (command === undefined) return
  const startedAt = performance.now()
  const timeoutMs = Math.max(clock.scaledMs(timeout), minimumTimeoutMs)
  const startPeriodMs = Math.max(clock.scaledMs(startPeriod), minimumStartPeriodMs)
  const become = (status: Container['healthStatus']) => {
    if (container.healthStatus === status) return
    container.healthStatus = status
    changed()
  }
  let failures = 0
  while (await clock.sleep(interval, signal)) {
    const passed = await run(command, launch, { keeper, timeoutMs, signal })
    if (signal.aborted) return
    if (passed) {
      failures = 0
      become('HEALTHY')
      continue
    }
    const starting = performance.now() - startedAt < startPeriodMs && container.healthStatus === 'UNKNOWN'
    if (!starting) failures += 1
    if (failures >= retries) become('UNHEALTHY')
  }
}

function commandOf({ command: [kind, ...rest] }: ContainerHealthCheck): readonly string[] | undefined {
  if (kind === 'NONE') return undefined
  return kind === 'CMD-SHELL' ? ['sh', '-c', rest.join(' ')] : rest
}

interface Run {
  readonly keeper: ProcessKeeper
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

async function run(command: readonly string[], launch: Launch, { keeper, timeoutMs, signal }: Run): Promise<boolean> {
  const [file = '', ...args] = command
  if (signal.aborted) return false
  const child = keeper.spawn(file, args, { cwd: launch.directory, env: launch.environment, stdio: 'ignore' })
  const over = new AbortController()
  const exit = once(child, 'exit').then(
    ([code]) => code === 0,
    () => false,
  )
  const late = sleep(timeoutMs, false, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => false)
  const passed = await Promise.race([exit, late])
  over.abort()
  keeper.signal(child, 'SIGKILL')
  return passed
}
