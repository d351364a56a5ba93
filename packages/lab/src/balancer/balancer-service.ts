import { AwsError, type Call, type Input, type LabContext, type Output, type Service, XmlList } from '../service.ts'
import type { WorldLoadBalancer } from '../world.ts'
import { describeListeners, describeRules } from './listener-description.ts'
import type { ListenerRule } from './listener-rule.ts'
import { LoadBalancer } from './load-balancer.ts'
import { page } from './page.ts'
import type { Target } from './target.ts'
import { healthCheckTimeoutSeconds, TargetGroup } from './target-group.ts'

/** Elastic Load Balancing v2 as far as it can be asked about, and the load balancers themselves. */
export interface BalancerService extends Service {
  readonly loadBalancers: readonly LoadBalancer[]
  /** Undefined when there is no such target group. */
  targetGroup(arn: string): TargetGroup | undefined
  /** Undefined when there is no such rule. */
  listenerRule(arn: string): ListenerRule | undefined
}

/** Starts every load balancer of the world. */
export async function createBalancerService(
  context: LabContext,
  dependencies: { readonly loadBalancers: readonly WorldLoadBalancer[] },
): Promise<BalancerService> {
  const loadBalancers: LoadBalancer[] = []
  for (const { name, targetGroup, alternateTargetGroup } of dependencies.loadBalancers) {
    const alternate = alternateTargetGroup && new TargetGroup({ ...targetGroup, ...alternateTargetGroup }, context)
    loadBalancers.push(await LoadBalancer.start(name, new TargetGroup(targetGroup, context), alternate))
  }
  const targetGroup = (arn: string) => loadBalancers.flatMap(({ groups }) => groups).find((group) => group.arn === arn)
  const rules = loadBalancers.flatMap(({ listeners }) => listeners.map(({ rule }) => rule))
  return {
    name: 'elasticloadbalancing',
    protocol: {
      kind: 'awsQuery',
      version: '2015-12-01',
      xmlNamespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
    },
    loadBalancers,
    targetGroup,
    listenerRule: (arn) => rules.find((rule) => rule.arn === arn),
    operations: {
      DescribeLoadBalancers: (input, call) => describeLoadBalancers(input, call, loadBalancers),
      DescribeListeners: (input, call) => describeListeners(input, call, loadBalancers),
      DescribeRules: (input, call) => describeRules(input, call, loadBalancers),
      DescribeTargetGroups: (input, call) => describeTargetGroups(input, call, loadBalancers),
      DescribeTargetHealth: (input, call) => describeTargetHealth(input, call, targetGroup),
    },
    async close() {
      await Promise.all(loadBalancers.map((balancer) => balancer.close()))
    },
  }
}

function describeLoadBalancers(input: Input, call: Call, all: readonly LoadBalancer[]): Output {
  call.authorize('elasticloadbalancing:DescribeLoadBalancers', '*')
  const missing = () => new AwsError('LoadBalancerNotFound', 'One or more load balancers not found')
  const chosen = choose(all, { byArn: input.LoadBalancerArns, byName: input.Names }, missing, (balancer) => ({
    arn: balancer.arn,
    name: balancer.name,
  }))
  return page('LoadBalancers', chosen.map(describeLoadBalancer), input)
}

function describeTargetGroups(input: Input, call: Call, all: readonly LoadBalancer[]): Output {
  call.authorize('elasticloadbalancing:DescribeTargetGroups', '*')
  const ofBalancer = all.filter(({ arn }) => input.LoadBalancerArn === undefined || arn === input.LoadBalancerArn)
  if (ofBalancer.length === 0 && input.LoadBalancerArn !== undefined) {
    throw new AwsError('LoadBalancerNotFound', `Load balancer '${input.LoadBalancerArn}' not found`)
  }
  const missing = () => new AwsError('TargetGroupNotFound', 'One or more target groups not found')
  const groups = ofBalancer.flatMap((balancer) => balancer.groups.map((group) => ({ arn: balancer.arn, group })))
  const chosen = choose(groups, { byArn: input.TargetGroupArns, byName: input.Names }, missing, ({ group }) => ({
    arn: group.arn,
    name: group.settings.name,
  }))
  return page('TargetGroups', chosen.map(describeTargetGroup), input)
}

function describeTargetHealth(input: Input, call: Call, find: (arn: string) => TargetGroup | undefined): Output {
  call.authorize('elasticloadbalancing:DescribeTargetHealth', '*')
  if (typeof input.TargetGroupArn !== 'string') {
    throw new AwsError('ValidationError', 'The request must contain the parameter TargetGroupArn')
  }
  const group = find(input.TargetGroupArn)
  if (group === undefined) throw new AwsError('TargetGroupNotFound', 'One or more target groups not found')
  const asked: readonly { Id: string; Port?: string }[] | undefined = input.Targets
  const registered = group.targets().map(describeHealth)
  if (asked === undefined) return { TargetHealthDescriptions: new XmlList('member', registered) }
  const answers = asked.map(
    ({ Id, Port }) =>
      registered.find(({ Target }) => Target.Id === Id && (Port === undefined || Target.Port === Number(Port))) ?? {
        Target: { Id, ...(Port === undefined ? {} : { Port: Number(Port) }) },
        TargetHealth: xmlHealth(group.healthOf(Id, Number(Port))),
      },
  )
  return { TargetHealthDescriptions: new XmlList('member', answers) }
}

function describeHealth({ registration, health }: Target) {
  return {
    Target: { Id: registration.id, Port: registration.port, AvailabilityZone: 'all' },
    HealthCheckPort: String(registration.port),
    TargetHealth: xmlHealth(health),
  }
}

function xmlHealth({ state, reason, description }: Target['health']) {
  return { State: state, Reason: reason, Description: description }
}

/** `DNSName` carries the port: there is one loopback address for all load balancers, and `http://<DNSName>` works. */
function describeLoadBalancer(balancer: LoadBalancer): Output {
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: `127.0.0.1:${balancer.port}`,
    CreatedTime: balancer.createdAt,
    LoadBalancerName: balancer.name,
    Scheme: 'internal',
    State: { Code: 'active' },
    Type: 'application',
    IpAddressType: 'ipv4',
  }
}

function describeTargetGroup({ arn, group }: { readonly arn: string; readonly group: TargetGroup }): Output {
  const { settings } = group
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: settings.name,
    Protocol: 'HTTP',
    Port: 80,
    HealthCheckProtocol: 'HTTP',
    HealthCheckPort: 'traffic-port',
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: settings.healthCheckIntervalSeconds,
    HealthCheckTimeoutSeconds: healthCheckTimeoutSeconds,
    HealthyThresholdCount: settings.healthyThresholdCount,
    UnhealthyThresholdCount: settings.unhealthyThresholdCount,
    HealthCheckPath: settings.healthCheckPath,
    Matcher: { HttpCode: settings.matcher },
    LoadBalancerArns: new XmlList('member', [arn]),
    TargetType: 'ip',
    ProtocolVersion: 'HTTP1',
    IpAddressType: 'ipv4',
  }
}

interface Asked {
  readonly byArn: readonly string[] | undefined
  readonly byName: readonly string[] | undefined
}

/** Those that were asked for by ARN or name, else all. */
function choose<T>(
  all: readonly T[],
  { byArn, byName }: Asked,
  missing: () => AwsError,
  names: (one: T) => { readonly arn: string; readonly name: string },
): readonly T[] {
  const asked = byArn ?? byName
  if (asked === undefined) return all
  return asked.map((wanted) => {
    const found = all.find((one) => names(one)[byArn === undefined ? 'name' : 'arn'] === wanted)
    if (found === undefined) throw missing()
    return found
  })
}
