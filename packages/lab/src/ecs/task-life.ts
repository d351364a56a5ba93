import type { Container } from './container.ts'
import { createLogStreams } from './container-log.ts'
import { releasePort } from './free-ports.ts'
import type { Task } from './task.ts'
import { failStart, type Host, pullImages, startContainers } from './task-start.ts'

/** AWS seconds that each state takes; the lab's clock scales them. */
const provisioningSeconds = 10
const pullSeconds = 8
const activatingSeconds = 1
const deactivatingSeconds = 1
const deprovisioningSeconds = 6
const defaultStopSeconds = 30

/** A process that ends itself needs real time for it. */
const minimumStopMs = 2_000

/** What a task is part of, beside its cluster. */
export interface TaskTraffic {
  /** While the task is ACTIVATING. (Amazon ECS task lifecycle) */
  register(task: Task): void
  /** While it is DEACTIVATING; resolves when no request is in flight to the task any more. */
  deregister(task: Task): Promise<void>
}

/** Takes a task from PROVISIONING to STOPPED. (Amazon ECS task lifecycle) */
export async function liveTask(task: Task, host: Host, traffic: TaskTraffic): Promise<void> {
  if (await begin(task, host, traffic)) await aborted(task.stopSignal)
  await end(task, host, traffic)
}

/** False when the task was told to stop before it ran. */
async function begin(task: Task, host: Host, traffic: TaskTraffic): Promise<boolean> {
  const { clock } = host.context
  task.times.connectivityAt = new Date()
  if (!(await clock.sleep(provisioningSeconds, task.stopSignal))) return false
  task.enter('PENDING')
  task.times.pullStartedAt = new Date()
  const images = await pullImages(task, host)
  const ready = await clock.sleep(pullSeconds, task.stopSignal)
  task.times.pullStoppedAt = new Date()
  if (!ready) return false
  const failure = createLogStreams(task, host.logs)
  if (failure !== undefined) {
    failStart(task, failure)
    return false
  }
  await startContainers(task, host, images)
  if (stoppedByOthers(task) || !task.containers.every(isUp)) return false
  task.enter('ACTIVATING')
  if (!task.stopSignal.aborted) traffic.register(task)
  // A container that has ended by now is no reason to skip a state: the task did run.
  await clock.sleep(activatingSeconds)
  task.times.startedAt = new Date()
  task.enter('RUNNING')
  return true
}

function stoppedByOthers(task: Task): boolean {
  return task.stopSignal.aborted && task.stopCause?.stopCode !== 'EssentialContainerExited'
}

/** Has run, whether or not it still does. A container that is not essential may fail to. */
function isUp({ started, definition }: Container): boolean {
  return started || !definition.essential
}

async function end(task: Task, host: Host, traffic: TaskTraffic): Promise<void> {
  const { clock } = host.context
  if (task.lastStatus === 'RUNNING' || task.lastStatus === 'ACTIVATING') {
    task.enter('DEACTIVATING')
    // Traffic ends before the containers learn of it: a request in flight is answered, whatever SIGTERM does.
    await traffic.deregister(task)
    await clock.sleep(deactivatingSeconds)
  }
  task.times.stoppingAt = new Date()
  if (task.containers.some(({ started }) => started)) {
    task.enter('STOPPING')
    await stopContainers(task, (seconds) => clock.scaledMs(seconds))
    task.times.executionStoppedAt = new Date()
  }
  for (const container of task.containers) container.abandon()
  task.enter('DEPROVISIONING')
  await clock.sleep(deprovisioningSeconds)
  for (const { port } of task.containers) if (port !== undefined) releasePort(port)
  task.finish()
}

/** In the reverse order of their dependencies. (ContainerDefinition, dependsOn) */
async function stopContainers(task: Task, scaledMs: (seconds: number) => number): Promise<void> {
  const stops = new Map<Container, Promise<void>>()
  const stop = (container: Container): Promise<void> => {
    const known = stops.get(container)
    if (known !== undefined) return known
    const dependents = task.containers.filter(({ definition }) =>
      definition.dependsOn?.some(({ containerName }) => containerName === container.name),
    )
    const graceMs = Math.max(scaledMs(container.definition.stopTimeout ?? defaultStopSeconds), minimumStopMs)
    const stopped = Promise.all(dependents.map(stop)).then(() => container.stop(graceMs))
    stops.set(container, stopped)
    return stopped
  }
  await Promise.all(task.containers.map(stop))
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
