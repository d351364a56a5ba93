import type { Identifiers } from './identifiers.ts'

export interface ServiceEvent {
  readonly id: string
  readonly createdAt: Date
  readonly message: string
}

/**
 * The event stream of a service, newest first: "A maximum of 100 of the latest events are displayed." (Service, events)
 * The messages are AWS's own. (Viewing Amazon ECS service event messages)
 */
export class ServiceEvents {
  readonly #identifiers: Identifiers
  readonly #service: string
  #events: readonly ServiceEvent[] = []

  constructor(service: string, identifiers: Identifiers) {
    this.#service = service
    this.#identifiers = identifiers
  }

  latest(): readonly ServiceEvent[] {
    return this.#events
  }

  reachedSteadyState(): void {
    this.#add('has reached a steady state.')
  }

  startedTasks(taskIds: readonly string[], replacedUnhealthy: number): void {
    const replaced =
      replacedUnhealthy > 0 ? ` Amazon ECS replaced ${replacedUnhealthy} tasks due to an unhealthy status.` : ''
    this.#add(`has started ${taskIds.length} tasks: ${named(taskIds)}.${replaced}`)
  }

  stoppedRunning(taskIds: readonly string[]): void {
    this.#add(`has stopped ${taskIds.length} running tasks: ${named(taskIds)}.`)
  }

  stoppedPending(count: number): void {
    this.#add(`stopped ${count} pending tasks.`)
  }

  registeredTarget(targetGroupArn: string): void {
    this.#add(`registered 1 targets in (target-group ${targetGroupArn})`)
  }

  deregisteredTarget(targetGroupArn: string): void {
    this.#add(`deregistered 1 targets in (target-group ${targetGroupArn})`)
  }

  beganDraining(deploymentId: string): void {
    this.#addAs(`(service ${this.#service}, taskSet ${deploymentId})`, 'has begun draining connections on 1 tasks.')
  }

  unhealthyTarget(taskId: string, port: number, targetGroupArn: string, reason: string): void {
    this.#add(
      `(task ${taskId}) (port ${port}) is unhealthy in (target-group ${targetGroupArn}) due to (reason ${reason})`,
    )
  }

  failedContainerChecks(taskId: string): void {
    this.#add(`(task ${taskId}) failed container health checks.`)
  }

  unableToStart(): void {
    this.#add(
      'is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
    )
  }

  unableToPlace(reason: string): void {
    const message = `was unable to place a task. Reason: ${reason}.`
    // "duplicate event messages are omitted until either the cause is resolved or six hours passes"
    if (!this.#events[0]?.message.endsWith(message)) this.#add(message)
  }

  stuck(): void {
    const message =
      'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.'
    if (!this.#events[0]?.message.endsWith(message)) this.#add(message)
  }

  deploymentCompleted(deploymentId: string): void {
    this.#add(`(deployment ${deploymentId}) deployment completed.`)
  }

  deploymentFailed(deploymentId: string, reason: string): void {
    this.#add(`(deployment ${deploymentId}) deployment failed: ${reason}.`)
  }

  rollingBack(deploymentId: string): void {
    this.#add(`rolling back to deployment ${deploymentId}.`)
  }

  #add(message: string): void {
    this.#addAs(`(service ${this.#service})`, message)
  }

  #addAs(subject: string, message: string): void {
    const event = { id: this.#identifiers.uuid(), createdAt: new Date(), message: `${subject} ${message}` }
    this.#events = [event, ...this.#events].slice(0, 100)
  }
}

function named(taskIds: readonly string[]): string {
  return taskIds.map((id) => `(task ${id})`).join(' ')
}
