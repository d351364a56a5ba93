import type { ProcessKeeper } from '../process-keeper.ts'
import type { LabContext } from '../service.ts'
import type { Container, Launch } from './container.ts'
import type { ContainerDependency } from './container-definition.ts'
import { watchHealth } from './container-health.ts'
import { planLaunch } from './container-launch.ts'
import { type ContainerLogs, openLog } from './container-log.ts'
import { takePort } from './free-ports.ts'
import type { Images, ResolvedImage } from './images.ts'
import { type HeldSecrets, resolveSecrets } from './secrets.ts'
import type { Task } from './task.ts'

/** What tasks run on. */
export interface Host {
  readonly context: LabContext
  readonly keeper: ProcessKeeper
  readonly images: Images
  readonly logs: ContainerLogs
  readonly secrets: HeldSecrets
}

export interface Pulled {
  readonly image: ResolvedImage
  readonly secrets: Readonly<Record<string, string>>
}

export type PulledImages = ReadonlyMap<Container, Pulled>

/**
 * Gives every container its image, its secrets and its port; a task that cannot have them is told to stop.
 * (CannotPullContainer task errors in Amazon ECS; Troubleshooting Amazon ECS ResourceInitializationError errors)
 */
export async function pullImages(task: Task, host: Host): Promise<PulledImages> {
  const images = new Map<Container, Pulled>()
  for (const container of task.containers) {
    const secrets = resolveSecrets(container.definition, host.secrets)
    if ('reason' in secrets) {
      container.abandon()
      failStart(task, secrets.reason)
      break
    }
    const pulled = host.images.pull(container.definition.image)
    if ('reason' in pulled) {
      container.abandon(pulled.reason)
      failStart(task, pulled.reason)
      break
    }
    container.imageDigest = pulled.image.digest
    images.set(container, { image: pulled.image, secrets: secrets.environment })
    if ((container.definition.portMappings ?? []).length > 0) container.port = await takePort()
  }
  return images
}

export function failStart(task: Task, stoppedReason: string): void {
  task.requestStop({ stopCode: 'TaskFailedToStart', stoppedReason })
}

/**
 * Starts every container as soon as what it depends on has come that far; resolves when nothing is left to start.
 * The task is told to stop when an essential one cannot start, or what it waits for can no longer come.
 */
export async function startContainers(task: Task, host: Host, images: PulledImages): Promise<void> {
  await Promise.all(
    task.containers.map(async (container) => {
      for (const dependency of container.definition.dependsOn ?? []) {
        const reason = await waitFor(dependency, container, task, host)
        if (reason !== undefined) return giveUp(container, task, reason)
      }
      if (task.stopSignal.aborted) return
      await startContainer(container, images.get(container)!, task, host)
    }),
  )
}

async function startContainer(container: Container, pulled: Pulled, task: Task, host: Host): Promise<void> {
  const override = task.plan.overrides.containerOverrides?.find(({ name }) => name === container.name)
  const launch = planLaunch(container, pulled, override, {
    region: host.context.region,
    launchType: task.plan.launchType,
  })
  const output = openLog(container, task, host.logs)
  if (!(await container.start(launch, output))) return giveUp(container, task, container.reason ?? '')
  watchEnd(container, task)
  watchHealthOf(container, launch, task, host)
}

function giveUp(container: Container, task: Task, reason: string): void {
  container.abandon(reason)
  if (container.definition.essential) failStart(task, reason)
}

/** "If the essential parameter of a container is marked as true, and that container fails or stops for any reason, all
 * other containers that are part of the task are stopped." (ContainerDefinition, essential) */
function watchEnd(container: Container, task: Task): void {
  void container.ended().then(() => {
    if (!container.definition.essential) return
    task.requestStop({ stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' })
  })
}

function watchHealthOf(container: Container, launch: Launch, task: Task, host: Host): void {
  const check = container.definition.healthCheck
  if (check === undefined) return
  const over = new AbortController()
  void container.ended().then(() => over.abort())
  const signal = AbortSignal.any([task.stopSignal, over.signal])
  const { keeper, context } = host
  void watchHealth({ container, check, launch, keeper, clock: context.clock, signal, changed: () => task.changed() })
}

/** A real process needs real time to come as far as others wait for. */
const minimumStartTimeoutMs = 2_000

/**
 * Undefined when the dependency is met, or the task stops anyway; else why it cannot be met any more. "If a startTimeout
 * value is specified for containerB and it doesn't reach the desired status within that time then containerA gives up and
 * not start." (ContainerDefinition, startTimeout)
 */
async function waitFor(
  { containerName, condition }: ContainerDependency,
  container: Container,
  task: Task,
  { context: { clock } }: Host,
): Promise<string | undefined> {
  const other = task.containers.find(({ name }) => name === containerName)
  const seconds = other?.definition.startTimeout
  const timeoutMs = seconds === undefined ? undefined : Math.max(clock.scaledMs(seconds), minimumStartTimeoutMs)
  const late = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  while (other !== undefined && !task.stopSignal.aborted) {
    const state = reached(other, condition)
    if (state === 'reached') break
    if (state === 'impossible' || late?.aborted) {
      return `Task failed to start: dependency ${containerName} of container ${container.name} did not become ${condition}`
    }
    await Promise.race([task.nextChange(), aborted(late)])
  }
  return undefined
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
}

function reached(other: Container, condition: ContainerDependency['condition']): 'reached' | 'waiting' | 'impossible' {
  const stopped = other.lastStatus === 'STOPPED'
  switch (condition) {
    case 'START':
      return other.started ? 'reached' : stopped ? 'impossible' : 'waiting'
    case 'COMPLETE':
      return stopped ? (other.started ? 'reached' : 'impossible') : 'waiting'
    case 'SUCCESS':
      return stopped ? (other.exitCode === 0 ? 'reached' : 'impossible') : 'waiting'
    case 'HEALTHY':
      if (other.healthStatus === 'HEALTHY') return 'reached'
      return stopped || other.healthStatus === 'UNHEALTHY' ? 'impossible' : 'waiting'
  }
}
