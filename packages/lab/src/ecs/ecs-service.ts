import type { BalancerService } from '../balancer/balancer-service.ts'
import type { ProcessKeeper } from '../process-keeper.ts'
import type { LabContext, Operation, Service } from '../service.ts'
import type { World } from '../world.ts'
import { ClientTokens } from './client-tokens.ts'
import { Clusters, describeCluster } from './clusters.ts'
import type { ContainerLogs } from './container-log.ts'
import { Identifiers } from './identifiers.ts'
import { Images } from './images.ts'
import { runTask } from './run-task.ts'
import * as deploymentOperations from './service-deployment-operations.ts'
import * as serviceOperations from './service-operations.ts'
import { Services } from './services.ts'
import * as tagOperations from './tag-operations.ts'
import { TaskDefinitions } from './task-definitions.ts'
import * as taskOperations from './task-operations.ts'
import { Tasks } from './tasks.ts'
import { seedWorld } from './world-seed.ts'

export interface EcsDependencies {
  /** References in task definitions and services are filled in. */
  readonly world: Pick<World, 'images' | 'directory' | 'taskDefinitions' | 'clusters' | 'secrets'>
  readonly keeper: ProcessKeeper
  readonly logs: ContainerLogs
  readonly balancer: Pick<BalancerService, 'loadBalancers' | 'targetGroup' | 'listenerRule'>
  /** How long the API does not know a task after RunTask, in AWS seconds; default 2. */
  readonly visibilityDelaySeconds?: number
}

export interface EcsService extends Service {
  /** Resolves when every service is steady. @throws Error when one will not be, or the signal was aborted */
  settled(signal?: AbortSignal): Promise<void>
  /** How many tasks there is room for: RunTask answers `failures` for what goes beyond. */
  limitCapacity(tasks: number): void
  /** Takes back the capacity of every FARGATE_SPOT task: SIGTERM, and SIGKILL after the stop timeout. */
  interruptSpotTasks(): void
  /** Forgets stopped tasks and their client tokens, as ECS does some time after an hour. */
  forgetStoppedTasks(): void
  /** Forgets services that were deleted, as ECS does some day; until then DescribeServices shows them as INACTIVE. */
  forgetInactiveServices(): void
}

/** How long the services of a world may take to become steady, in real time. */
const seedTimeoutMs = 60_000

/**
 * A stand-in for Amazon ECS. Its tasks are real processes; at its return the services of the world are steady.
 *
 * Of a container definition, these have an effect: image, entryPoint, command, environment, essential, dependsOn,
 * startTimeout, stopTimeout, healthCheck, logConfiguration (awslogs), secrets (those that the world has) and
 * the first port mapping, whose port the process finds in PORT. What limits or isolates a container (cpu, memory, user,
 * volumes, ulimits, …) is kept and described; there is no container around a process. What would change what happens
 * and is not there (restartPolicy, environmentFiles, service discovery, alarms, …) is refused.
 *
 * @throws Error when one of them does not become steady, with what ECS says of it
 */
export async function createEcsService(context: LabContext, dependencies: EcsDependencies): Promise<EcsService> {
  const { world, keeper, logs, balancer } = dependencies
  const identifiers = new Identifiers(context.random)
  const host = { context, keeper, logs, images: new Images(world), secrets: world.secrets }
  const tasks = new Tasks({ host, identifiers, visibilityDelaySeconds: dependencies.visibilityDelaySeconds ?? 2 })
  const { targetGroup, listenerRule } = balancer
  const state = {
    context,
    targetGroup,
    listenerRule,
    tasks,
    clusters: new Clusters(context),
    definitions: new TaskDefinitions(context),
    services: new Services({ context, identifiers, tasks, targetGroup, listenerRule }),
    tokens: new ClientTokens(),
  }
  for (const { groups } of balancer.loadBalancers)
    for (const group of groups) group.onChange(() => state.services.wakeAll())
  const close = async () => {
    state.services.close()
    await tasks.close()
  }
  try {
    seedWorld(world, state, logs)
    await state.services.settled(AbortSignal.timeout(seedTimeoutMs))
  } catch (error) {
    await close()
    throw error
  }
  return {
    name: 'ecs',
    protocol: { kind: 'awsJson1.1', targetPrefix: 'AmazonEC2ContainerServiceV20141113' },
    operations: operationsOf(state),
    close,
    settled: (signal) => state.services.settled(signal),
    limitCapacity(limit) {
      tasks.capacity = limit
      state.services.wakeAll()
    },
    interruptSpotTasks: () => tasks.interruptSpot(),
    forgetStoppedTasks() {
      state.tokens.forgetStopped()
      tasks.forgetStopped()
    },
    forgetInactiveServices: () => state.services.forgetInactive(),
  }
}

export interface EcsState {
  readonly context: LabContext
  readonly targetGroup: BalancerService['targetGroup']
  readonly listenerRule: BalancerService['listenerRule']
  readonly tasks: Tasks
  readonly clusters: Clusters
  readonly definitions: TaskDefinitions
  readonly services: Services
  readonly tokens: ClientTokens
}

function operationsOf(state: EcsState): Readonly<Record<string, Operation>> {
  const { clusters, definitions, services, tasks } = state
  const counts = (cluster: ReturnType<Clusters['find']>) => ({
    ...tasks.count(cluster),
    activeServicesCount: services.ofCluster(cluster).filter(({ status }) => status === 'ACTIVE').length,
  })
  const taskState = {
    ...state,
    hasService: (cluster: ReturnType<Clusters['find']>, name: string) => services.find(cluster, name) !== undefined,
  }
  return {
    CreateCluster: (input, call) => {
      const cluster = clusters.create(input, call)
      return { cluster: describeCluster(cluster, counts(cluster), ['TAGS', 'SETTINGS']) }
    },
    DescribeClusters: (input, call) => clusters.describe(input, call, counts),
    ListClusters: (input, call) => clusters.list(input, call),

    RegisterTaskDefinition: (input, call) => definitions.register(input, call),
    DeregisterTaskDefinition: (input, call) => definitions.deregister(input, call),
    DescribeTaskDefinition: (input, call) => definitions.describe(input, call),
    ListTaskDefinitions: (input, call) => definitions.list(input, call),
    ListTaskDefinitionFamilies: (input, call) => definitions.listFamilies(input, call),

    RunTask: (input, call) => runTask(input, call, state),
    StopTask: (input, call) => taskOperations.stopTask(input, call, taskState),
    DescribeTasks: (input, call) => taskOperations.describeTasks(input, call, taskState),
    ListTasks: (input, call) => taskOperations.listTasks(input, call, taskState),

    CreateService: (input, call) => serviceOperations.createService(input, call, state),
    UpdateService: (input, call) => serviceOperations.updateService(input, call, state),
    DeleteService: (input, call) => serviceOperations.deleteService(input, call, state),
    DescribeServices: (input, call) => serviceOperations.describeServices(input, call, state),
    ListServices: (input, call) => serviceOperations.listServices(input, call, state),

    ListServiceDeployments: (input, call) => deploymentOperations.listServiceDeployments(input, call, state),
    DescribeServiceDeployments: (input, call) => deploymentOperations.describeServiceDeployments(input, call, state),
    DescribeServiceRevisions: (input, call) => deploymentOperations.describeServiceRevisions(input, call, state),
    StopServiceDeployment: (input, call) => deploymentOperations.stopServiceDeployment(input, call, state),
    ContinueServiceDeployment: (input, call) => deploymentOperations.continueServiceDeployment(input, call, state),

    ListTagsForResource: (input, call) => tagOperations.listTagsForResource(input, call, state),
    TagResource: (input, call) => tagOperations.tagResource(input, call, state),
    UntagResource: (input, call) => tagOperations.untagResource(input, call, state),
  }
}
