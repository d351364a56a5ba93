import { type BalancerService, createBalancerService } from './balancer/balancer-service.ts'
import { createEcsService, type EcsService } from './ecs/ecs-service.ts'
import { createLogsService } from './logs/logs-service.ts'
import type { ProcessKeeper } from './process-keeper.ts'
import { createRdsService, type RdsService } from './rds/rds-service.ts'
import type { Callers } from './server/callers.ts'
import type { Policies } from './server/policies.ts'
import type { LabContext, Service } from './service.ts'
import { createStsService } from './sts/sts-service.ts'
import type { World } from './world.ts'
import { fillReferences, type WorldReferences } from './world-references.ts'

export interface LabServices {
  readonly services: readonly Service[]
  readonly ecs: EcsService
  readonly rds: RdsService
  /** URL of each load balancer, by its name. */
  readonly loadBalancerUrls: ReadonlyMap<string, string>
  /** URL of each database, by its identifier. */
  readonly databaseUrls: ReadonlyMap<string, string>
  /** The world's `variables`, filled in. */
  readonly variables: Readonly<Record<string, string>>
}

export interface LabServicesOptions {
  readonly world: World
  readonly keeper: ProcessKeeper
  readonly callers: Callers
  readonly policies: Policies
  readonly sessionLimitSeconds: number | undefined
  /** Closes what has been created, in reverse order, when the lab closes or its start fails. */
  readonly started: AsyncDisposableStack
}

/** Creates the services of a world in the order in which they need each other; at its return they are steady. */
export async function createLabServices(context: LabContext, options: LabServicesOptions): Promise<LabServices> {
  const { world, keeper, started } = options
  const keep = <S extends Service>(service: S): S => {
    started.defer(() => service.close())
    return service
  }
  const sts = keep(
    await createStsService(context, {
      callers: options.callers,
      policies: options.policies,
      roleArns: world.roles.map(({ arn }) => arn),
      sessionLimitSeconds: options.sessionLimitSeconds,
    }),
  )
  const logs = keep(await createLogsService(context))
  const rds = keep(await createRdsService(context, { world, keeper }))
  const balancer = keep(await createBalancerService(context, { loadBalancers: world.loadBalancers }))
  const filled = fillReferences(world, referencesOf(world, rds, balancer))
  const ecs = keep(await createEcsService(context, { world: filled, keeper, logs, balancer }))
  return {
    services: [sts, logs, rds, balancer, ecs],
    ecs,
    rds,
    loadBalancerUrls: new Map(balancer.loadBalancers.map(({ name, url }) => [name, url])),
    databaseUrls: new Map(world.databases.map(({ identifier }) => [identifier, rds.endpoint(identifier).url])),
    variables: filled.variables,
  }
}

/** What a world's task definitions and services can refer to. */
function referencesOf(world: World, rds: RdsService, balancer: BalancerService): WorldReferences {
  const databases = world.databases.flatMap(({ identifier }) =>
    Object.entries(rds.endpoint(identifier)).map(
      ([key, value]) => [`databases.${identifier}.${key}`, String(value)] as const,
    ),
  )
  const balancers = balancer.loadBalancers.flatMap(({ name, group, alternate, listeners, url, testUrl }) => [
    [`loadBalancers.${name}.targetGroupArn`, group.arn] as const,
    [`loadBalancers.${name}.url`, url] as const,
    ...(alternate ? [[`loadBalancers.${name}.alternateTargetGroupArn`, alternate.arn] as const] : []),
    ...(testUrl ? [[`loadBalancers.${name}.testUrl`, testUrl] as const] : []),
    ...listeners.map(({ kind, rule }) => [`loadBalancers.${name}.${kind}ListenerRule`, rule.arn] as const),
  ])
  return new Map([...databases, ...balancers])
}
