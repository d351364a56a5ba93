import {
  CreateServiceCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServiceDeploymentsCommand,
  ListTagsForResourceCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { testCredentials } from '../server/server.ts'
import { definitionOf, type EcsForTest, network, runOf, shell, startEcs } from './test-ecs.ts'

const account = 'arn:aws:ecs:eu-central-1:123456789012'
const clusterIs = { ArnEquals: { 'ecs:cluster': `${account}:cluster/test` } }

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs()
  const definition = definitionOf('job', shell('app', 'exec sleep 60'))
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definition))
  const tags = [{ key: 'team', value: 'a' }]
  await lab.ecs.send(
    new CreateServiceCommand({
      cluster: 'test',
      serviceName: 'web',
      taskDefinition: 'job',
      desiredCount: 0,
      launchType: 'FARGATE',
      networkConfiguration: network,
      tags,
    }),
  )
})
afterEach(() => lab.server.policies.remove(testCredentials.accessKeyId))
afterAll(() => lab[Symbol.asyncDispose]())

function allow(...statements: readonly (readonly [string, string, object?])[]): void {
  const Statement = statements.map(([Action, Resource, Condition]) => ({
    Effect: 'Allow',
    Action,
    Resource,
    ...(Condition === undefined ? {} : { Condition }),
  }))
  lab.server.policies.put(testCredentials.accessKeyId, { Version: '2012-10-17', Statement })
}

const denied = (action: string, resource: string) => ({
  name: 'AccessDeniedException',
  message: expect.stringContaining(`is not authorized to perform: ${action} on resource: ${resource}`),
})

// RunTask is authorized on the task definition, with ecs:cluster; the roles in it need iam:PassRole with
// iam:PassedToService. (Actions, resources, and condition keys for Amazon Elastic Container Service)
test('RunTask needs the definition in that cluster, and iam:PassRole for the roles in it', async () => {
  const role = 'arn:aws:iam::123456789012:role/execution'
  const run = () => lab.ecs.send(new RunTaskCommand(runOf('job')))
  const onJob = ['ecs:RunTask', `${account}:task-definition/job:*`, clusterIs] as const

  allow(['ecs:RunTask', `${account}:task-definition/other:*`])
  await expect(run()).rejects.toMatchObject(denied('ecs:RunTask', `${account}:task-definition/job:1`))

  allow(onJob)
  await expect(run()).rejects.toMatchObject(denied('iam:PassRole', role))

  allow(onJob, ['iam:PassRole', role, { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } }])
  await expect(run()).rejects.toMatchObject(denied('iam:PassRole', role))

  const passed = { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } }
  allow(onJob, ['iam:PassRole', role, passed])
  await expect(run()).resolves.toMatchObject({ failures: [] })

  const tagged = () => lab.ecs.send(new RunTaskCommand(runOf('job', { tags: [{ key: 'a', value: 'b' }] })))
  await expect(tagged()).rejects.toMatchObject(denied('ecs:TagResource', `${account}:task/test/*`))
})

test('tasks are read and stopped by their ARN, and listed by the cluster’s', async () => {
  const { tasks } = await lab.ecs.send(new RunTaskCommand(runOf('job')))
  const arn = tasks?.[0]?.taskArn ?? ''
  await lab.untilTask(arn, ({ lastStatus }) => lastStatus === 'RUNNING')
  const describeTask = () => lab.ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks: [arn] }))
  const stop = () => lab.ecs.send(new StopTaskCommand({ cluster: 'test', task: arn }))
  const list = () => lab.ecs.send(new ListTasksCommand({ cluster: 'test' }))

  allow(['ecs:DescribeTasks', `${account}:task/test/*`, clusterIs])
  await expect(describeTask()).resolves.toMatchObject({ failures: [] })
  await expect(stop()).rejects.toMatchObject(denied('ecs:StopTask', arn))
  await expect(list()).rejects.toMatchObject(denied('ecs:ListTasks', `${account}:container-instance/test/*`))

  allow(['ecs:ListTasks', '*', clusterIs], ['ecs:StopTask', `${account}:task/other/*`])
  await expect(list()).resolves.toMatchObject({ taskArns: expect.arrayContaining([arn]) })
  await expect(stop()).rejects.toMatchObject(denied('ecs:StopTask', arn))
})

test('services are read and updated by their ARN and tags, and their deployments by theirs', async () => {
  const arn = `${account}:service/test/web`
  const describeWeb = () => lab.ecs.send(new DescribeServicesCommand({ cluster: 'test', services: ['web'] }))
  const updateWeb = () => lab.ecs.send(new UpdateServiceCommand({ cluster: 'test', service: 'web', desiredCount: 0 }))
  const { serviceDeployments: [deployment] = [] } = await lab.ecs.send(
    new ListServiceDeploymentsCommand({ cluster: 'test', service: 'web' }),
  )
  const describeDeployment = () =>
    lab.ecs.send(
      new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [deployment?.serviceDeploymentArn ?? ''] }),
    )
  const ofTeam = (team: string) => ({ StringEquals: { 'aws:ResourceTag/team': team } })

  allow(['ecs:DescribeServices', arn], ['ecs:UpdateService', '*', ofTeam('b')])
  await expect(describeWeb()).resolves.toMatchObject({ failures: [] })
  await expect(updateWeb()).rejects.toMatchObject(denied('ecs:UpdateService', arn))
  await expect(describeDeployment()).rejects.toMatchObject(
    denied('ecs:DescribeServiceDeployments', deployment?.serviceDeploymentArn ?? ''),
  )

  allow(
    ['ecs:UpdateService', '*', ofTeam('a')],
    ['ecs:DescribeServiceDeployments', `${account}:service-deployment/test/web/*`, clusterIs],
  )
  await expect(updateWeb()).resolves.toMatchObject({ service: { serviceName: 'web' } })
  await expect(describeDeployment()).resolves.toMatchObject({ failures: [] })
})

test('registering a definition needs the family and iam:PassRole', async () => {
  const register = () => lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('new', shell('app', 'true'))))
  allow(['ecs:RegisterTaskDefinition', `${account}:task-definition/new:*`])
  await expect(register()).rejects.toMatchObject({
    message: expect.stringContaining('iam:PassRole on resource: arn:aws:iam::123456789012:role/execution'),
  })
  allow(['ecs:RegisterTaskDefinition', '*'], ['iam:PassRole', '*'])
  await expect(register()).resolves.toMatchObject({ taskDefinition: { revision: 1 } })
})

test('tags are added, replaced, read and removed, resource by resource', async () => {
  const resourceArn = `${account}:service/test/web`
  const list = async () => (await lab.ecs.send(new ListTagsForResourceCommand({ resourceArn }))).tags

  await lab.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'baseline', value: 'job:1' }] }))
  await lab.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'baseline', value: 'job:2' }] }))
  expect(await list()).toEqual([
    { key: 'team', value: 'a' },
    { key: 'baseline', value: 'job:2' },
  ])
  await lab.ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['baseline'] }))
  expect(await list()).toEqual([{ key: 'team', value: 'a' }])

  const elsewhere = `${account}:service/test/none`
  const tag = lab.ecs.send(new TagResourceCommand({ resourceArn: elsewhere, tags: [{ key: 'a', value: 'b' }] }))
  await expect(tag).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})
