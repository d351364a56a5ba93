import type { Deployment } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import type { SchedulerHost } from './scheduler.ts'
import type { ServiceLedger } from './service-ledger.ts'
import { planServiceTask } from './service-task.ts'
import { serviceTraffic } from './service-traffic.ts'
import type { StopCause, Task } from './task.ts'
import { capacityReason } from './tasks.ts'

/** Starts and stops the tasks of a service, and says so in its events. */
export class ServiceWorkforce {
  readonly #service: ManagedService
  readonly #host: SchedulerHost
  readonly #ledger: ServiceLedger
  readonly #wake: (afterMs?: number) => void

  constructor(
    service: ManagedService,
    host: SchedulerHost,
    found: { readonly ledger: ServiceLedger; readonly wake: (afterMs?: number) => void },
  ) {
    this.#service = service
    this.#host = host
    this.#ledger = found.ledger
    this.#wake = found.wake
  }

  /** Returns how many were started; it is tried again for the others when there may be room for them. */
  start(deployment: Deployment, count: number, replaced: number): number {
    const waitMs = deployment.retryAt - performance.now()
    if (count > 0 && waitMs > 0) {
      this.#wake(waitMs)
      return 0
    }
    const started: string[] = []
    while (started.length < count && this.#host.tasks.hasRoom()) started.push(this.#launch(deployment).plan.id)
    if (started.length > 0) this.#service.events.startedTasks(started, Math.min(replaced, started.length))
    if (started.length < count) {
      this.#service.events.unableToPlace(capacityReason)
      this.#ledger.countFailure(deployment)
      this.#wake(this.#host.context.clock.scaledMs(10))
    }
    return started.length
  }

  stop(tasks: readonly Task[], stoppedReason: string): void {
    const cause: StopCause = { stopCode: 'ServiceSchedulerInitiated', stoppedReason }
    const running = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING')
    if (running.length > 0) this.#service.events.stoppedRunning(running.map(({ plan }) => plan.id))
    if (tasks.length > running.length) this.#service.events.stoppedPending(tasks.length - running.length)
    for (const task of tasks) task.requestStop(cause)
  }

  #launch(deployment: Deployment): Task {
    const traffic = serviceTraffic(this.#service, deployment, this.#host.targetGroup)
    const task = this.#host.tasks.launch(planServiceTask(this.#service, deployment), traffic)
    deployment.tasks.add(task)
    task.onChange(() => this.#wake())
    return task
  }
}
