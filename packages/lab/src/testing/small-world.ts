import { parseWorld, type World } from '../world.ts'

const accountId = '123456789012'
const region = 'eu-central-1'
const repository = `${accountId}.dkr.ecr.${region}.amazonaws.com/app`

/** The role that the job's OIDC token may become; without a policy it may do everything. */
export const smallRole = `arn:aws:iam::${accountId}:role/deploy`

/** An image of the small world, by its tag. */
export const imageOf = (tag: string): string => `${repository}:${tag}`

export interface SmallService {
  readonly name: string
  /** The deployment circuit breaker, and whether it rolls back; default on. */
  readonly breaker?: boolean
  readonly rollback?: boolean
  /** Default 1. */
  readonly desiredCount?: number
  /** Behind a load balancer of its own name. */
  readonly balanced?: boolean
  /** One of ECS's own strategies, in the API's words: `{ strategy: 'BLUE_GREEN' }`; needs `balanced`. */
  readonly deploymentConfiguration?: Readonly<Record<string, unknown>>
  /** Further members of its task definition, over all others. */
  readonly definition?: Readonly<Record<string, unknown>>
  /** Further members of CreateService, over all others. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** Answers every request with STATUS on PORT. */
const server = [
  "process.on('SIGTERM', () => process.exit(0))",
  "const { PORT, STATUS = '200' } = process.env",
  "require('node:http').createServer((_, answer) => answer.writeHead(Number(STATUS)).end()).listen(PORT)",
].join('; ')

/** A task without a port only has to be there, which a shell is ten times sooner than Node. */
const program = 'echo running; test -n "$PORT" || exec sleep 1000000; exec node -e "$0"'

/**
 * A cluster `small` with services and little else, so that it starts in a moment. Image tags: `broken` exits with 1
 * after a line of log, `sick` answers its health check with 500, `v…` runs well; others do not exist.
 */
export function smallWorld(services: readonly (string | SmallService)[]): World {
  const all = services.map((service): SmallService => (typeof service === 'string' ? { name: service } : service))
  return parseWorld(
    {
      region,
      accountId,
      roles: [{ arn: smallRole }],
      images: [
        {
          repository,
          command: ['sh', '-c', program, server],
          tags: [
            { match: 'broken', command: ['sh', '-c', 'echo cannot find my configuration; exit 1'] },
            { match: 'sick', environment: { STATUS: '500' } },
            { match: 'v*' },
          ],
        },
      ],
      taskDefinitions: all.map(definitionOf),
      loadBalancers: all
        .filter((service) => service.balanced)
        .map(({ name, deploymentConfiguration }) => ({
          name,
          ...(deploymentConfiguration && { alternateTargetGroup: { name: `${name}-green` } }),
          targetGroup: {
            name,
            healthCheckIntervalSeconds: 5,
            healthyThresholdCount: 2,
            deregistrationDelaySeconds: 120,
          },
        })),
      clusters: [{ clusterName: 'small', services: all.map(serviceOf) }],
    },
    '.',
  )
}

function definitionOf({ name, balanced, definition }: SmallService) {
  return {
    family: name,
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    executionRoleArn: `arn:aws:iam::${accountId}:role/execution`,
    containerDefinitions: [
      {
        name: 'app',
        image: imageOf('v1'),
        essential: true,
        ...(balanced && { portMappings: [{ containerPort: 8080 }] }),
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': `/ecs/${name}`, 'awslogs-region': region, 'awslogs-stream-prefix': 'app' },
        },
      },
    ],
    ...definition,
  }
}

function serviceOf(service: SmallService) {
  const { name, breaker = true, rollback = true, desiredCount = 1, balanced, deploymentConfiguration } = service
  const ofBalancer = (member: string): string => `\${loadBalancers.${name}.${member}}`
  const advancedConfiguration = deploymentConfiguration && {
    alternateTargetGroupArn: ofBalancer('alternateTargetGroupArn'),
    productionListenerRule: ofBalancer('productionListenerRule'),
    roleArn: `arn:aws:iam::${accountId}:role/ecs-elb`,
  }
  const loadBalancer = { targetGroupArn: ofBalancer('targetGroupArn'), containerName: 'app', containerPort: 8080 }
  return {
    serviceName: name,
    taskDefinition: name,
    desiredCount,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0a1b2c3d4e5f60718'] } },
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: breaker, rollback }, ...deploymentConfiguration },
    ...(balanced && { loadBalancers: [{ ...loadBalancer, ...(advancedConfiguration && { advancedConfiguration }) }] }),
    ...service.settings,
  }
}
