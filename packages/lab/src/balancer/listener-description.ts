import { AwsError, type Call, type Input, type Output, XmlList } from '../service.ts'
import type { ListenerRule } from './listener-rule.ts'
import type { Listener, LoadBalancer } from './load-balancer.ts'
import { page } from './page.ts'

/** "You must specify either a load balancer or one or more listeners." (DescribeListeners) */
export function describeListeners(input: Input, call: Call, all: readonly LoadBalancer[]): Output {
  call.authorize('elasticloadbalancing:DescribeListeners', '*')
  const { LoadBalancerArn: balancerArn, ListenerArns: arns } = input
  const listeners = all.flatMap((balancer) => balancer.listeners.map((listener) => ({ balancer, listener })))
  if (arns !== undefined) {
    const chosen = pick(listeners, arns, ({ listener }) => listener.rule.listenerArn, listenerNotFound)
    return page('Listeners', chosen.map(describeListener), input)
  }
  if (balancerArn === undefined) {
    throw new AwsError('ValidationError', 'You must specify either listener ARNs or a load balancer ARN')
  }
  if (!all.some(({ arn }) => arn === balancerArn)) {
    throw new AwsError('LoadBalancerNotFound', `Load balancer '${balancerArn}' not found`)
  }
  const ofBalancer = listeners.filter(({ balancer }) => balancer.arn === balancerArn)
  return page('Listeners', ofBalancer.map(describeListener), input)
}

/** "You must specify either a listener or one or more rules." (DescribeRules) */
export function describeRules(input: Input, call: Call, all: readonly LoadBalancer[]): Output {
  call.authorize('elasticloadbalancing:DescribeRules', '*')
  const { ListenerArn: listenerArn, RuleArns: arns } = input
  const rules = all.flatMap(({ listeners }) => listeners.map(({ rule }) => rule))
  if (arns !== undefined) {
    const missing = () => new AwsError('RuleNotFound', 'One or more rules not found')
    return page('Rules', pick(rules, arns, ({ arn }) => arn, missing).map(describeRule), input)
  }
  if (listenerArn === undefined) {
    throw new AwsError('ValidationError', 'You must specify either listener rule ARNs or a listener ARN')
  }
  const ofListener = pick(rules, [listenerArn], (rule) => rule.listenerArn, listenerNotFound)
  return page('Rules', ofListener.map(describeRule), input)
}

function pick<T>(
  all: readonly T[],
  arns: readonly string[],
  arnOf: (one: T) => string,
  missing: () => AwsError,
): readonly T[] {
  return arns.map((arn) => {
    const found = all.find((one) => arnOf(one) === arn)
    if (found === undefined) throw missing()
    return found
  })
}

function listenerNotFound(): AwsError {
  return new AwsError('ListenerNotFound', 'One or more listeners not found')
}

function describeListener({ balancer, listener }: { readonly balancer: LoadBalancer; readonly listener: Listener }) {
  return {
    ListenerArn: listener.rule.listenerArn,
    LoadBalancerArn: balancer.arn,
    Port: listener.port,
    Protocol: 'HTTP',
    DefaultActions: new XmlList('member', [describeForward(listener.rule)]),
  }
}

function describeRule(rule: ListenerRule) {
  return {
    RuleArn: rule.arn,
    Priority: 'default',
    Conditions: new XmlList('member', []),
    Actions: new XmlList('member', [describeForward(rule)]),
    IsDefault: true,
  }
}

function describeForward({ forwards }: ListenerRule) {
  const groups = forwards.map(({ group, weight }) => ({ TargetGroupArn: group.arn, Weight: Math.round(weight) }))
  const [only] = forwards
  return {
    Type: 'forward',
    ...(forwards.length === 1 ? { TargetGroupArn: only!.group.arn } : {}),
    ForwardConfig: { TargetGroups: new XmlList('member', groups) },
  }
}
