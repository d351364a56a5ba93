import { DescribeServicesCommand, type Service } from '@aws-sdk/client-ecs'
import { ActionError } from '../errors.ts'
import type { Ecs } from './ecs-client.ts'

/** DescribeServices takes at most ten (ECS API). */
const BATCH = 10

/**
 * Services by the name they were asked for; what does not exist is not in the map.
 *
 * @throws {ActionError} not-found when there is no such cluster
 */
export async function describeServices(
  ecs: Ecs,
  cluster: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Service>> {
  const batches = Array.from({ length: Math.ceil(names.length / BATCH) }, (_, index) =>
    names.slice(index * BATCH, (index + 1) * BATCH),
  )
  const found = (await Promise.all(batches.map((batch) => describeBatch(ecs, cluster, batch)))).flat()
  const entries = names.flatMap((name) => {
    const service = found.find((candidate) => candidate.serviceArn === name || candidate.serviceName === name)
    return service === undefined ? [] : [[name, service] as const]
  })
  return new Map(entries)
}

/**
 * One service that exists and is not INACTIVE.
 *
 * @throws {ActionError} not-found
 */
export async function describeService(ecs: Ecs, cluster: string, name: string): Promise<Service> {
  const service = (await describeServices(ecs, cluster, [name])).get(name)
  if (service !== undefined && service.status !== 'INACTIVE') return service
  const problem = service === undefined ? 'does not exist' : 'was deleted (it is INACTIVE)'
  throw new ActionError('not-found', `The service ${name} ${problem} in cluster ${cluster}.`, {
    advice: 'Check the names of service and cluster, and that aws-region and the account are the ones that are meant.',
  })
}

async function describeBatch(ecs: Ecs, cluster: string, services: readonly string[]): Promise<readonly Service[]> {
  return ecs.caller.call({
    operation: 'ecs:DescribeServices',
    subject: `${services.length === 1 ? 'service' : 'services'} ${services.join(', ')} in cluster ${cluster}`,
    send: async (abortSignal) => {
      const command = new DescribeServicesCommand({ cluster, services: [...services] })
      return (await ecs.client.send(command, { abortSignal })).services ?? []
    },
  })
}
