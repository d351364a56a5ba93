import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { DescribeTasksCommand, ECSClient, type RunTaskCommandInput, type Task } from '@aws-sdk/client-ecs'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { type BalancerService, createBalancerService } from '../balancer/balancer-service.ts'
import { Journal } from '../journal.ts'
import { LabClock } from '../lab-clock.ts'
import { LogStore } from '../logs/log-store.ts'
import { ProcessKeeper } from '../process-keeper.ts'
import { seededRandom } from '../seeded-random.ts'
import { type RunningServer, startServer, testCredentials } from '../server/server.ts'
import { parseWorld, type WorldInput } from '../world.ts'
import { createEcsService, type EcsService } from './ecs-service.ts'

const repository = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/web'

/** An image that the world of every test has. */
export function imageOf(tag: string): string {
  return `${repository}:${tag}`
}

const world: WorldInput = {
  region: 'eu-central-1',
  accountId: '123456789012',
  images: [
    {
      repository,
      directory: 'test-image',
      command: ['node', 'web.ts'],
      tags: [
        { match: 'sick', environment: { HEALTH_STATUS: '500' } },
        { match: 'crashing', command: ['sh', '-c', 'echo crashing >&2; exit 3'] },
        { match: 'missing-*', command: ['no-such-command'] },
        { match: 'v*' },
      ],
    },
  ],
  loadBalancers: [
    {
      name: 'web',
      targetGroup: {
        name: 'web',
        healthCheckPath: '/health',
        healthCheckIntervalSeconds: 10,
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 2,
        deregistrationDelaySeconds: 30,
        matcher: '200-299',
      },
    },
  ],
  clusters: [{ clusterName: 'test' }],
}

export interface EcsForTest extends AsyncDisposable {
  readonly ecs: ECSClient
  readonly elb: ElasticLoadBalancingV2Client
  readonly service: EcsService
  readonly balancer: BalancerService
  readonly logs: LogStore
  readonly server: RunningServer
  readonly balancerUrl: string
  readonly targetGroupArn: string
  /** Polls DescribeTasks until the condition holds. */
  untilTask(arn: string | undefined, holds: (task: Task) => boolean): Promise<Task>
  /** What the container wrote, a line an item. */
  linesOf(stream: string): readonly string[]
}

export interface EcsForTestOptions {
  readonly visibilityDelaySeconds?: number
  /** In place of what the world of every test has. */
  readonly world?: Partial<WorldInput>
}

/** ECS and its load balancer behind the lab's server, with images that the tests need. */
export async function startEcs(options: EcsForTestOptions = {}): Promise<EcsForTest> {
  await using started = new AsyncDisposableStack()
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ecs-test-'))
  const keeper = started.use(new ProcessKeeper(dataDirectory))
  const clock = started.adopt(new LabClock(0.01), (clock) => clock.close())
  const journal = new Journal()
  const { region, accountId } = world
  const context = { region, accountId, clock, journal, dataDirectory, random: seededRandom(1) }
  const parsed = parseWorld({ ...world, ...options.world }, fileURLToPath(new URL('.', import.meta.url)))
  const logs = new LogStore()
  logs.createGroup('/ecs/test')
  const balancer = await createBalancerService(context, parsed)
  started.defer(() => balancer.close())
  const service = await createEcsService(context, {
    world: parsed,
    keeper,
    logs,
    balancer,
    ...(options.visibilityDelaySeconds === undefined ? {} : { visibilityDelaySeconds: options.visibilityDelaySeconds }),
  })
  started.defer(() => service.close())
  const server = started.use(await startServer({ services: [service, balancer], journal }))
  const client = { endpoint: server.url, region, credentials: testCredentials }
  const ecs = started.adopt(new ECSClient(client), (client) => client.destroy())
  const elb = started.adopt(new ElasticLoadBalancingV2Client(client), (client) => client.destroy())
  const running = started.move()
  const [web] = balancer.loadBalancers
  return {
    ecs,
    elb,
    service,
    balancer,
    logs,
    server,
    balancerUrl: web!.url,
    targetGroupArn: web!.group.arn,
    async untilTask(arn, holds) {
      return until(async () => {
        const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks: [arn ?? ''] }))
        return tasks.find(holds)
      })
    },
    linesOf(stream) {
      return logs.stream('/ecs/test', stream).events.map(({ message }) => message)
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Polls until there is a value. */
export async function until<T>(find: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    await sleep(20)
  }
}

export const network = { awsvpcConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'] } }

/** A definition for Fargate whose containers log to `/ecs/test` under the prefix `t`. */
export function definitionOf(family: string, ...containers: readonly object[]) {
  return {
    family,
    networkMode: 'awsvpc' as const,
    requiresCompatibilities: ['FARGATE' as const],
    cpu: '256',
    memory: '512',
    executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    containerDefinitions: containers.map((container) => ({
      image: imageOf('v1'),
      logConfiguration: {
        logDriver: 'awslogs' as const,
        options: { 'awslogs-group': '/ecs/test', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 't' },
      },
      ...container,
    })),
  }
}

/** A container that runs a shell script. */
export function shell(name: string, script: string) {
  return { name, command: ['sh', '-c', script] }
}

export function runOf(taskDefinition: string, more: Partial<RunTaskCommandInput> = {}): RunTaskCommandInput {
  return { cluster: 'test', taskDefinition, launchType: 'FARGATE', networkConfiguration: network, ...more }
}

/** Sends an operation as it stands on the wire, with members that the SDK would drop. */
// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every operation
export async function post({ server }: EcsForTest, operation: string, input: object): Promise<any> {
  const answer = await fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${testCredentials.accessKeyId}/20260101/eu-central-1/ecs/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  })
  return answer.json()
}
