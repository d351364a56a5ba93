import {
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, expect, test } from 'vitest'
import { startLab } from './lab.ts'
import { parseWorld } from './world.ts'

const network = { awsvpcConfiguration: { subnets: ['subnet-1'] } }
const spot = [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }]
const world = parseWorld(
  {
    region: 'eu-central-1',
    accountId: '123456789012',
    images: [{ repository: 'app', command: ['sleep', '600'], tags: [{ match: 'v1' }] }],
    taskDefinitions: [
      {
        family: 'app',
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        cpu: '256',
        memory: '512',
        containerDefinitions: [{ name: 'app', image: 'app:v1' }],
      },
    ],
    clusters: [
      {
        clusterName: 'c',
        services: [
          {
            serviceName: 'app',
            taskDefinition: 'app',
            desiredCount: 1,
            capacityProviderStrategy: spot,
            networkConfiguration: network,
          },
        ],
      },
    ],
  },
  '.',
)

const lab = await startLab({ world })
afterAll(() => lab.close())
const ecs = new ECSClient({
  endpoint: lab.url,
  region: 'eu-central-1',
  credentials: {
    accessKeyId: lab.environment.AWS_ACCESS_KEY_ID!,
    secretAccessKey: lab.environment.AWS_SECRET_ACCESS_KEY!,
  },
})
afterAll(() => ecs.destroy())

async function post(path: string, body?: object) {
  const answer = await fetch(`${lab.url}/_lab${path}`, { method: 'POST', body: JSON.stringify(body ?? {}) })
  return { status: answer.status, body: (await answer.json()) as { message?: string } }
}

const described = async (desiredStatus: 'RUNNING' | 'STOPPED') => {
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: 'c', serviceName: 'app', desiredStatus }))
  if (taskArns.length === 0) return []
  return (await ecs.send(new DescribeTasksCommand({ cluster: 'c', tasks: taskArns }))).tasks ?? []
}

test('Another process takes capacity away and gives it back', async () => {
  const run = () =>
    ecs.send(
      new RunTaskCommand({ cluster: 'c', taskDefinition: 'app', launchType: 'FARGATE', networkConfiguration: network }),
    )
  expect((await post('/capacity', { tasks: 1 })).status).toBe(200)
  expect((await run()).failures).toHaveLength(1)
  expect((await post('/capacity', { tasks: null })).status).toBe(200)
  expect((await run()).failures).toEqual([])
})

test('Another process interrupts Spot tasks, and lets an hour go by for those that have stopped', async () => {
  const [interrupted] = await described('RUNNING')
  expect((await post('/spot-interruption')).status).toBe(200)
  await expect
    .poll(() => described('STOPPED'))
    .toMatchObject([{ taskArn: interrupted?.taskArn, stopCode: 'SpotInterruption', lastStatus: 'STOPPED' }])

  expect((await post('/forget-stopped-tasks')).status).toBe(200)
  expect(await described('STOPPED')).toEqual([])
})

// "in the future, INACTIVE services may be cleaned up and purged from Amazon ECS record keeping" (DeleteService)
test('Another process has ECS forget services that were deleted', async () => {
  const describe = () => ecs.send(new DescribeServicesCommand({ cluster: 'c', services: ['app'] }))
  await ecs.send(new DeleteServiceCommand({ cluster: 'c', service: 'app', force: true }))
  await expect.poll(async () => (await describe()).services?.[0]?.status).toBe('INACTIVE')

  expect((await post('/forget-inactive-services')).status).toBe(200)
  expect((await describe()).failures).toMatchObject([{ reason: 'MISSING' }])
})

test('What the lab does not have, or cannot read, is refused', async () => {
  const database = await post('/database-status', { identifier: 'none', status: 'storage-full' })
  expect(database.status).toBe(400)
  expect(database.body.message).toContain('none')
  expect((await post('/capacity', { tasks: -1 })).status).toBe(400)
  expect((await post('/capacity', { task: 1 })).status).toBe(400)
  expect((await post('/nothing')).status).toBe(404)
  expect((await fetch(`${lab.url}/_lab/journal?after=start`)).status).toBe(400)
})
