import type { SchedulingStrategy } from './deployment-configuration.ts'
import { invalidParameter } from './input.ts'
import type { DeploymentController, ManagedService } from './managed-service.ts'
import type { CreateServiceInput, UpdateServiceInput } from './service-input.ts'

/**
 * What CreateService refuses for a deployment controller or a scheduling strategy.
 * @throws AwsError InvalidParameterException in the words of AWS where they are known
 */
export function checkNewService(
  given: CreateServiceInput,
  controller: DeploymentController,
  scheduling: SchedulingStrategy,
): void {
  const { strategy = 'ROLLING' } = given.deploymentConfiguration ?? {}
  if (controller === 'EXTERNAL') {
    // (aws/aws-cdk issue 6245)
    if (given.taskDefinition !== undefined) throw invalidParameter('TaskDefinition must be blank.')
    const elsewhere = membersOf(given, ['launchType', 'platformVersion', 'networkConfiguration', 'loadBalancers'])
    if (elsewhere.length > 0) {
      throw invalidParameter(`${elsewhere.join(', ')} must be blank with an EXTERNAL deployment controller.`)
    }
  } else if (given.taskDefinition === undefined) throw invalidParameter('TaskDefinition can not be blank.')
  if (controller !== 'ECS' && strategy !== 'ROLLING') {
    throw invalidParameter(`The deployment strategy ${strategy} is only valid with the deployment controller ECS.`)
  }
  if (scheduling === 'DAEMON') checkDaemon(given, controller)
  // "For services using the CODE_DEPLOY deployment controller, you're required to define two target groups for the
  // load balancer." (LoadBalancer) CodeDeploy knows the second one; the service has the first.
  if (controller === 'CODE_DEPLOY' && (given.loadBalancers ?? []).length === 0) {
    throw invalidParameter('A load balancer is required with a CODE_DEPLOY deployment controller.')
  }
}

/** "Tasks using the Fargate launch type or the CODE_DEPLOY or EXTERNAL deployment controller types don't support the
 * DAEMON scheduling strategy." (CreateService, schedulingStrategy) */
function checkDaemon(given: CreateServiceInput, controller: DeploymentController): void {
  if (controller !== 'ECS') {
    throw invalidParameter(`The daemon scheduling strategy does not support the ${controller} deployment controller.`)
  }
  if (given.desiredCount !== undefined) throw noDesiredCount()
  const provider = (given.capacityProviderStrategy ?? []).some(({ capacityProvider }) =>
    /^FARGATE/.test(capacityProvider),
  )
  if (given.launchType === 'FARGATE' || provider) {
    throw invalidParameter(
      'The daemon scheduling strategy does not support the FARGATE launch type. Change the launch type and try again',
    )
  }
  if ((given.placementStrategy ?? []).length > 0) {
    throw invalidParameter('The daemon scheduling strategy does not support placement strategies')
  }
  if ((given.deploymentConfiguration?.strategy ?? 'ROLLING') !== 'ROLLING') {
    throw invalidParameter('The lab rolls services with the scheduling strategy DAEMON; leave the strategy out.')
  }
}

function noDesiredCount() {
  return invalidParameter(
    'The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again',
  )
}

/** What each member that another controller deploys is called in the refusal. (boto/boto3 issue 1936 and the like) */
const deployedElsewhere = {
  taskDefinition: 'task definition',
  networkConfiguration: 'network parameters',
  platformVersion: 'platform version',
  loadBalancers: 'load balancers',
  capacityProviderStrategy: 'capacity provider strategy',
} as const

const instead = {
  CODE_DEPLOY: 'Use AWS CodeDeploy to trigger a new deployment.',
  EXTERNAL: 'Create a new task set instead.',
} as const

/**
 * What UpdateService refuses. "For services using the blue/green (CODE_DEPLOY) deployment controller, only the desired
 * count, deployment configuration, health check grace period, task placement constraints and strategies, enable ECS
 * managed tags option, and propagate tags can be updated using this API." "For services using an external deployment
 * controller" the same without the deployment configuration. (UpdateService) The words for CODE_DEPLOY are AWS's own.
 * @throws AwsError InvalidParameterException
 */
export function checkUpdate(given: UpdateServiceInput, { identity }: ManagedService): void {
  const { controller, scheduling } = identity
  const wanted = given.deploymentController?.type ?? controller
  if (wanted !== controller) {
    throw invalidParameter(`The lab does not change a service's deployment controller from ${controller} to ${wanted}.`)
  }
  if (scheduling === 'DAEMON' && given.desiredCount !== undefined) throw noDesiredCount()
  if (controller === 'ECS') return
  const article = controller === 'EXTERNAL' ? 'an' : 'a'
  const [refused] = membersOf(given, Object.keys(deployedElsewhere) as (keyof typeof deployedElsewhere)[])
  if (refused !== undefined) {
    throw invalidParameter(
      `Unable to update ${deployedElsewhere[refused]} on services with ${article} ${controller} deployment controller. ${instead[controller]}`,
    )
  }
  if (given.forceNewDeployment) {
    throw invalidParameter(
      `Cannot force a new deployment on services with ${article} ${controller} deployment controller. ${instead[controller]}`,
    )
  }
  if (controller === 'EXTERNAL' && given.deploymentConfiguration !== undefined) {
    throw invalidParameter(
      'Unable to update deployment configuration on services with an EXTERNAL deployment controller.',
    )
  }
}

function membersOf<K extends string>(given: Readonly<Partial<Record<K, unknown>>>, members: readonly K[]): K[] {
  return members.filter((member) => {
    const value = given[member]
    return value !== undefined && !(Array.isArray(value) && value.length === 0)
  })
}
