import * as v from 'valibot'
import type { ListenerRule } from '../balancer/listener-rule.ts'
import type { TargetGroup } from '../balancer/target-group.ts'
import type { AdvancedConfiguration, RevisionSettings, ServiceLoadBalancer } from './deployment.ts'
import type { DeploymentConfiguration } from './deployment-configuration.ts'
import { invalidParameter, text, whole } from './input.ts'
import type { TaskDefinition } from './task-definition.ts'

/** Where the load balancers that a service names are found. */
export interface Balancers {
  readonly targetGroup: (arn: string) => TargetGroup | undefined
  readonly listenerRule: (arn: string) => ListenerRule | undefined
}

export const loadBalancersMember = v.optional(
  v.array(
    v.looseObject({
      targetGroupArn: text,
      loadBalancerName: text,
      containerName: text,
      containerPort: whole,
      advancedConfiguration: v.optional(
        v.looseObject({
          alternateTargetGroupArn: text,
          productionListenerRule: text,
          testListenerRule: text,
          roleArn: text,
        }),
      ),
    }),
  ),
)

type LoadBalancerInput = NonNullable<v.InferOutput<typeof loadBalancersMember>>[number]

export function readLoadBalancer(given: LoadBalancerInput): ServiceLoadBalancer {
  const { targetGroupArn, containerName, containerPort } = given
  if (given.loadBalancerName) throw invalidParameter('The lab has no Classic Load Balancers; give a targetGroupArn.')
  if (!targetGroupArn || !containerName || containerPort === undefined) {
    throw invalidParameter('A load balancer needs targetGroupArn, containerName and containerPort.')
  }
  const advanced = given.advancedConfiguration
  if (advanced === undefined) return { targetGroupArn, containerName, containerPort }
  return { targetGroupArn, containerName, containerPort, advancedConfiguration: readAdvanced(advanced) }
}

function readAdvanced(given: NonNullable<LoadBalancerInput['advancedConfiguration']>): AdvancedConfiguration {
  const { alternateTargetGroupArn, productionListenerRule, testListenerRule, roleArn } = given
  if (!alternateTargetGroupArn || !productionListenerRule || !roleArn) {
    throw invalidParameter('advancedConfiguration needs alternateTargetGroupArn, productionListenerRule and roleArn.')
  }
  const test = testListenerRule === undefined ? {} : { testListenerRule }
  return { alternateTargetGroupArn, productionListenerRule, ...test, roleArn }
}

/**
 * "Load balancer requirement: When your service uses Application Load Balancer, Network Load Balancer, or Service
 * Connect" (CreateService, BLUE_GREEN); the lab has the first of them.
 * @throws AwsError InvalidParameterException
 */
export function checkStrategy({ strategy }: DeploymentConfiguration, settings: RevisionSettings | undefined): void {
  if (strategy === 'ROLLING') return
  const balancers = settings?.loadBalancers ?? []
  if (balancers.length > 0 && balancers.every(({ advancedConfiguration }) => advancedConfiguration)) return
  throw invalidParameter(
    `The lab deploys with strategy ${strategy} behind load balancers only, each with an advancedConfiguration.`,
  )
}

/** @throws AwsError InvalidParameterException when what it names is not there, or not what it says */
export function checkLoadBalancer(
  balancer: ServiceLoadBalancer,
  definition: TaskDefinition,
  { targetGroup, listenerRule }: Balancers,
): void {
  const { targetGroupArn, containerName, containerPort, advancedConfiguration: advanced } = balancer
  if (targetGroup(targetGroupArn) === undefined) {
    throw invalidParameter(`The target group with targetGroupArn ${targetGroupArn} does not exist.`)
  }
  for (const arn of [advanced?.productionListenerRule, advanced?.testListenerRule]) {
    if (advanced === undefined || arn === undefined) continue
    const groups = (listenerRule(arn)?.forwards ?? []).map(({ group }) => group.arn)
    const missing = [targetGroupArn, advanced.alternateTargetGroupArn].filter((group) => !groups.includes(group))
    if (missing.length > 0)
      throw invalidParameter(`The listener rule ${arn} does not forward to ${missing.join(', ')}.`)
  }
  const container = definition.content.containerDefinitions.find(({ name }) => name === containerName)
  if (container === undefined)
    throw invalidParameter(`The container ${containerName} does not exist in the task definition.`)
  const ports = (container.portMappings ?? []).map((mapping) => mapping.containerPort)
  if (!ports.includes(containerPort)) {
    throw invalidParameter(`The container ${containerName} did not have a container port ${containerPort} defined.`)
  }
  if (ports[0] !== containerPort) {
    throw invalidParameter(
      `The lab gives a process one port, for its first port mapping: ${containerPort} of ${containerName} has to be the first.`,
    )
  }
}
