import type { Journal } from '../journal.ts'
import type { Deployment, Side } from './deployment.ts'
import type { Balancers } from './service-load-balancer.ts'

/** The load balancers as ECS changes them. */
export interface Routing extends Balancers {
  readonly journal: Journal
}

export type TrafficKind = 'production' | 'test'

/**
 * Gives one deployment a percentage of the traffic and another the rest; all others get none. "listener rules …
 * control traffic distribution between the blue and green target groups based on weights" (Amazon ECS blue/green
 * service deployments workflow)
 */
export function shiftTraffic(
  kind: TrafficKind,
  shares: { readonly green: Deployment; readonly percent: number; readonly blue: Deployment | undefined },
  all: readonly Deployment[],
  routing: Routing,
): void {
  const member = kind === 'production' ? 'productionWeight' : 'testWeight'
  for (const deployment of all) deployment[member] = 0
  if (shares.blue !== undefined) shares.blue[member] = 100 - shares.percent
  shares.green[member] = shares.percent
  const weight = (side: Side) =>
    all.filter((deployment) => deployment.side === side).reduce((sum, deployment) => sum + deployment[member], 0)
  route(kind, shares.green, { first: weight('first'), alternate: weight('alternate') }, routing)
}

function route(
  kind: TrafficKind,
  { settings }: Deployment,
  weights: Readonly<Record<Side, number>>,
  { journal, targetGroup, listenerRule }: Routing,
): void {
  for (const { targetGroupArn, advancedConfiguration } of settings.loadBalancers) {
    const arn =
      kind === 'production' ? advancedConfiguration?.productionListenerRule : advancedConfiguration?.testListenerRule
    const rule = listenerRule(arn ?? '')
    const first = targetGroup(targetGroupArn)
    const alternate = targetGroup(advancedConfiguration?.alternateTargetGroupArn ?? '')
    if (rule === undefined || first === undefined || alternate === undefined) continue
    const before = rule.forwards.map(({ weight }) => weight).join(':')
    rule.forward([
      { group: first, weight: weights.first },
      { group: alternate, weight: weights.alternate },
    ])
    const after = `${weights.first}:${weights.alternate}`
    if (after !== before) journal.change('elasticloadbalancing', rule.arn, before, after, `${kind} traffic`)
  }
}
