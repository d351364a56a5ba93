import { AwsError, type LabContext } from '../service.ts'
import { ecsArn } from './arns.ts'
import { type Cluster, checkCluster } from './clusters.ts'
import { Deployments } from './deployments.ts'
import type { Identifiers } from './identifiers.ts'
import { ManagedService } from './managed-service.ts'
import { ServiceScheduler } from './scheduler.ts'
import type { ServiceDeployment } from './service-deployment.ts'
import { ServiceEvents } from './service-events.ts'
import type { Balancers } from './service-load-balancer.ts'
import type { Tasks } from './tasks.ts'

export interface ServicesOptions extends Balancers {
  readonly context: LabContext
  readonly identifiers: Identifiers
  readonly tasks: Tasks
}

type NewService = Pick<ManagedService, 'desiredCount' | 'settings' | 'configuration' | 'options' | 'tags'> & {
  readonly name: string
} & Pick<ManagedService['identity'], 'cluster' | 'controller' | 'scheduling' | 'createdBy' | 'parameters'>

/** The services of the account, each with its scheduler. */
export class Services {
  readonly deployments: Deployments
  readonly #options: ServicesOptions
  /** By ARN; an INACTIVE one stays until another takes its name. */
  readonly #schedulers = new Map<string, ServiceScheduler>()

  constructor(options: ServicesOptions) {
    this.#options = options
    this.deployments = new Deployments(options.context, options.identifiers)
  }

  all(): readonly ManagedService[] {
    return [...this.#schedulers.values()].map(({ service }) => service)
  }

  ofCluster(cluster: Cluster): readonly ManagedService[] {
    return this.all().filter(({ identity }) => identity.cluster === cluster)
  }

  /** @throws AwsError InvalidParameterException for an ARN of another cluster */
  arnOf(cluster: Cluster, reference: string): string {
    checkCluster(cluster, reference)
    if (reference.startsWith('arn:')) return reference
    return ecsArn(this.#options.context, 'service', cluster.name, reference)
  }

  /** By name or ARN. */
  find(cluster: Cluster, reference: string): ManagedService | undefined {
    return this.withArn(this.arnOf(cluster, reference))
  }

  withArn(arn: string): ManagedService | undefined {
    return this.#schedulers.get(arn)?.service
  }

  /** @throws AwsError ServiceNotFoundException */
  require(cluster: Cluster, reference: string): ManagedService {
    const service = this.find(cluster, reference)
    if (service === undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.')
    return service
  }

  /** @throws AwsError ServiceNotActiveException as well */
  requireActive(cluster: Cluster, reference: string): ManagedService {
    const service = this.require(cluster, reference)
    if (service.status !== 'ACTIVE') throw new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.')
    return service
  }

  add({ name, cluster, controller, scheduling, createdBy, parameters, ...given }: NewService): ManagedService {
    const { context, identifiers } = this.#options
    const arn = this.arnOf(cluster, name)
    const events = new ServiceEvents(name, identifiers)
    const identity = { arn, name, cluster, controller, scheduling, createdBy, parameters }
    const service = new ManagedService(identity, events, given)
    this.#schedulers.set(arn, new ServiceScheduler(service, { ...this.#options, deployments: this.deployments }))
    context.journal.change('ecs', arn, 'none', 'ACTIVE')
    if (service.settings !== undefined) this.deployments.start(service)
    this.changed(service)
    return service
  }

  /** To be called when something of the service was changed. */
  changed(service: ManagedService): void {
    this.#schedulers.get(service.identity.arn)?.unsettle()
  }

  wakeAll(): void {
    for (const scheduler of this.#schedulers.values()) scheduler.wake()
  }

  /** As ECS does some day: "INACTIVE services may be cleaned up and purged from Amazon ECS record keeping" (DeleteService) */
  forgetInactive(): void {
    for (const [arn, { service }] of this.#schedulers) if (service.status === 'INACTIVE') this.#schedulers.delete(arn)
  }

  /** The service deployment, and whose it is. */
  findDeployment(arn: string): { readonly service: ManagedService; readonly found: ServiceDeployment } | undefined {
    for (const service of this.all()) {
      const found = service.serviceDeployments.find(({ identity }) => identity.arn === arn)
      if (found !== undefined) return { service, found }
    }
    return undefined
  }

  /**
   * Resolves when every service is steady.
   * @throws Error when one will not be, or the signal was aborted, with what its events say
   */
  async settled(signal?: AbortSignal): Promise<void> {
    for (const scheduler of this.#schedulers.values()) {
      while (!scheduler.steady && scheduler.service.status === 'ACTIVE') {
        const failed = scheduler.service.primary?.rolloutState === 'FAILED'
        if (failed || signal?.aborted) throw new Error(explain(scheduler.service))
        await Promise.race([scheduler.nextLook(), aborted(signal)])
      }
    }
  }

  close(): void {
    for (const scheduler of this.#schedulers.values()) scheduler.close()
  }
}

function explain({ identity, primary, events }: ManagedService): string {
  const messages = events.latest().map(({ message }) => `- ${message}`)
  return `Service ${identity.name} is not steady: ${primary?.rolloutStateReason ?? 'it has no deployment'}\n${messages.join('\n')}`
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
}
