import type { Service } from '@aws-sdk/client-ecs'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { messageOf } from '@deploy-kit/core/errors'

/**
 * The targets of a service that its load balancers do not find healthy, one line each. It never fails: a diagnosis
 * without it is one, too.
 */
export async function readUnhealthyTargets(ecs: Ecs, service: Service): Promise<readonly string[]> {
  const groups = (service.loadBalancers ?? []).flatMap((balancer) => balancer.targetGroupArn ?? [])
  if (groups.length === 0) return []
  // Only a failed deployment needs it: it is not worth any start-up time.
  const { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } = await import(
    '@aws-sdk/client-elastic-load-balancing-v2'
  )
  const client = new ElasticLoadBalancingV2Client(ecs.config)
  const read = async (group: string): Promise<readonly string[]> => {
    const targets = await ecs.caller.call({
      operation: 'elasticloadbalancing:DescribeTargetHealth',
      subject: `target group ${group}`,
      send: async (abortSignal) => {
        const command = new DescribeTargetHealthCommand({ TargetGroupArn: group })
        return (await client.send(command, { abortSignal })).TargetHealthDescriptions ?? []
      },
    })
    return targets
      .filter(({ TargetHealth }) => TargetHealth?.State !== 'healthy')
      .map(({ Target, TargetHealth }) => {
        const why = [TargetHealth?.Reason, TargetHealth?.Description].filter((text) => text !== undefined).join(', ')
        return `target ${Target?.Id}:${Target?.Port} is ${TargetHealth?.State}${why === '' ? '' : ` (${why})`}`
      })
  }
  const lists = groups.map((group) =>
    read(group).catch((error: unknown) => [`(target health could not be read: ${messageOf(error)})`]),
  )
  return (await Promise.all(lists)).flat()
}
