import { parseWorld, type World } from '../world.ts'

const accountId = '123456789012'
const region = 'eu-central-1'
const repository = `${accountId}.dkr.ecr.${region}.amazonaws.com/app`

/** An image of the small world, by its tag. */
export const imageOf = (tag: string): string => `${repository}:${tag}`

/**
 * A cluster `small` with one service for each name, one task each, without database and balancer, so that it starts in
 * a moment. Image tags: `broken` exits with 1 after a line of log, `slow` takes long to stop, all others run.
 */
export function smallWorld(
  services: readonly string[],
  options: { breaker?: boolean; rollback?: boolean } = {},
): World {
  const { breaker = true, rollback = true } = options
  const run = 'setInterval(() => {}, 1e6); process.on("SIGTERM", () => process.exit(0)); console.log("running")'
  return parseWorld(
    {
      region,
      accountId,
      images: [
        {
          repository,
          command: ['node', '-e', run],
          tags: [
            { match: 'broken', command: ['sh', '-c', 'echo cannot find my configuration; exit 1'] },
            { match: 'v*' },
          ],
        },
      ],
      taskDefinitions: services.map((family) => ({
        family,
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
            logConfiguration: {
              logDriver: 'awslogs',
              options: { 'awslogs-group': `/ecs/${family}`, 'awslogs-region': region, 'awslogs-stream-prefix': 'app' },
            },
          },
        ],
      })),
      clusters: [
        {
          clusterName: 'small',
          services: services.map((serviceName) => ({
            serviceName,
            taskDefinition: serviceName,
            desiredCount: 1,
            launchType: 'FARGATE',
            networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0a1b2c3d4e5f60718'] } },
            deploymentConfiguration: { deploymentCircuitBreaker: { enable: breaker, rollback } },
          })),
        },
      ],
    },
    '.',
  )
}
