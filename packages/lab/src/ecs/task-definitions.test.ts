import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Call } from '../service.ts'
import { definitionOf, type EcsForTest, post, shell, startEcs } from './test-ecs.ts'

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs()
})
afterAll(() => lab[Symbol.asyncDispose]())

const register = (family: string, more: object = {}) =>
  lab.ecs.send(new RegisterTaskDefinitionCommand({ ...definitionOf(family, shell('app', 'true')), ...more }))

test('each registration is a revision of its own, and the family stands for the latest one that is ACTIVE', async () => {
  await register('revised')
  const { taskDefinition: second } = await register('revised')
  const { taskDefinition: third } = await register('revised')
  await lab.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: third?.taskDefinitionArn }))

  const { taskDefinition } = await lab.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'revised' }))

  expect(taskDefinition).toMatchObject({ revision: 2, status: 'ACTIVE', family: 'revised' })
  expect(taskDefinition?.taskDefinitionArn).toBe(second?.taskDefinitionArn)
  // "At this time, INACTIVE task definitions remain discoverable in your account indefinitely." (DeregisterTaskDefinition)
  const described = await lab.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'revised:3' }))
  expect(described.taskDefinition).toMatchObject({ status: 'INACTIVE', deregisteredAt: expect.any(Date) })
})

test('tags come beside the definition, and only when they are asked for', async () => {
  await register('tagged', { tags: [{ key: 'team', value: 'payments' }] })

  const plain = await lab.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'tagged' }))
  const withTags = await lab.ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: 'tagged', include: ['TAGS'] }),
  )

  expect(plain.tags).toBeUndefined()
  expect(withTags.tags).toEqual([{ key: 'team', value: 'payments' }])
})

test('a member that no SDK knows yet is kept and described again', async () => {
  const definition = definitionOf('newer', { ...shell('app', 'true'), futureLimit: 5 })
  await post(lab, 'RegisterTaskDefinition', { ...definition, futureMode: { enabled: true } })

  const { taskDefinition } = await post(lab, 'DescribeTaskDefinition', { taskDefinition: 'newer' })

  expect(taskDefinition).toMatchObject({ futureMode: { enabled: true } })
  expect(taskDefinition).toMatchObject({ containerDefinitions: [{ futureLimit: 5 }] })
})

test("what AWS sets itself is AWS's alone, and a definition that was described registers as an equal one", async () => {
  await register('copied')
  const { taskDefinition } = await post(lab, 'DescribeTaskDefinition', { taskDefinition: 'copied' })

  await post(lab, 'RegisterTaskDefinition', { ...taskDefinition, status: 'INACTIVE', revision: 40 })

  const copy = await post(lab, 'DescribeTaskDefinition', { taskDefinition: 'copied' })
  const differing = { taskDefinitionArn: expect.any(String), revision: 2, registeredAt: expect.any(Number) }
  expect(copy.taskDefinition).toEqual({ ...taskDefinition, ...differing })
})

test('definitions are listed by family and ascending revision, or the other way round, a page at a time', async () => {
  await using own = await startEcs()
  const registerOwn = (family: string) =>
    own.ecs.send(new RegisterTaskDefinitionCommand(definitionOf(family, shell('app', 'true'))))
  for (const family of ['b', 'b', 'a', 'c']) await registerOwn(family)
  await own.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'c:1' }))
  const list = async (input: object): Promise<readonly string[]> => {
    const { taskDefinitionArns = [] } = await own.ecs.send(new ListTaskDefinitionsCommand(input))
    return taskDefinitionArns.map((arn) => arn.slice(arn.indexOf('/') + 1))
  }

  // "(ASC) task definitions are listed lexicographically by family name and in ascending numerical order by revision …
  // Setting this parameter to DESC reverses the sort order on family name and revision." (ListTaskDefinitions, sort)
  expect(await list({})).toEqual(['a:1', 'b:1', 'b:2'])
  expect(await list({ sort: 'DESC' })).toEqual(['b:2', 'b:1', 'a:1'])
  expect(await list({ familyPrefix: 'b' })).toEqual(['b:1', 'b:2'])
  expect(await list({ status: 'INACTIVE' })).toEqual(['c:1'])

  const first = await own.ecs.send(new ListTaskDefinitionsCommand({ maxResults: 2 }))
  const rest = await own.ecs.send(new ListTaskDefinitionsCommand({ maxResults: 2, nextToken: first.nextToken }))
  expect(first.taskDefinitionArns).toHaveLength(2)
  expect(rest.taskDefinitionArns).toEqual([expect.stringMatching(/b:2$/)])
  expect(rest.nextToken).toBeUndefined()

  // "By default, both ACTIVE and INACTIVE task definition families are listed." (ListTaskDefinitionFamilies, status)
  const families = async (input: object) => (await own.ecs.send(new ListTaskDefinitionFamiliesCommand(input))).families
  expect(await families({})).toEqual(['a', 'b', 'c'])
  expect(await families({ status: 'ACTIVE' })).toEqual(['a', 'b'])
  expect(await families({ status: 'INACTIVE' })).toEqual(['c'])
  expect(await families({ familyPrefix: 'b' })).toEqual(['b'])
})

test('two registrations of one family at the same time get in each other’s way', async () => {
  const call: Call = {
    requestId: '',
    region: 'eu-central-1',
    caller: { accessKeyId: '', arn: 'arn:aws:iam::123456789012:user/lab' },
    authorize() {},
  }
  const start = async (family: string) =>
    lab.service.operations.RegisterTaskDefinition?.(definitionOf(family, shell('app', 'true')), call)
  const results = await Promise.allSettled([start('busy'), start('busy'), start('quiet')])

  const refused = results.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(1)
  expect(refused[0]).toMatchObject({
    reason: {
      name: 'ClientException',
      message: 'Too many concurrent attempts to create a new revision of the specified family.',
    },
  })
})

describe('what RegisterTaskDefinition refuses', () => {
  const app = shell('app', 'true')
  const awslogs = (options: object) => ({ logConfiguration: { logDriver: 'awslogs', options } })
  const cases: readonly (readonly [string, object, string])[] = [
    ['a family with blanks', { family: 'a b' }, 'Family contains invalid characters.'],
    ['no containers', { containerDefinitions: [] }, 'should not be null or empty'],
    ['a container without a name', { containerDefinitions: [{ image: 'x' }] }, 'Container.name should not be null'],
    ['a container without an image', { containerDefinitions: [{ name: 'x' }] }, 'Container.image should not be null'],
    ['the same name twice', definitionOf('x', app, app), 'should be unique'],
    ['nothing essential', definitionOf('x', { ...app, essential: false }), 'At least one container must be essential'],
    // "Fargate requires that 'cpu' be defined at the task level." (Amazon ECS task definition differences for Fargate)
    ['Fargate without cpu', { cpu: undefined }, "Fargate requires that 'cpu' be defined at the task level."],
    ['Fargate without memory', { memory: undefined }, "Fargate requires that 'memory' be defined at the task level."],
    ['a size that Fargate has not', { memory: '700' }, 'No Fargate configuration exists for given values.'],
    ['Fargate without awsvpc', { networkMode: 'bridge' }, "Fargate only supports network mode 'awsvpc'."],
    ['Fargate, ECR and no role', { executionRoleArn: undefined }, 'to have execution role ARN to support'],
    [
      'awslogs without a region',
      definitionOf('x', { ...app, ...awslogs({ 'awslogs-group': 'g' }) }),
      'Log driver awslogs requires options: awslogs-region',
    ],
    [
      'a dependency on the end of an essential container',
      definitionOf('x', app, { ...shell('b', 'true'), dependsOn: [{ containerName: 'app', condition: 'SUCCESS' }] }),
      'cannot have the condition SUCCESS',
    ],
    [
      'a dependency on health without a health check',
      definitionOf('x', app, { ...shell('b', 'true'), dependsOn: [{ containerName: 'app', condition: 'HEALTHY' }] }),
      'which has no health check',
    ],
    [
      'dependencies in a circle',
      definitionOf(
        'x',
        { ...app, dependsOn: [{ containerName: 'b', condition: 'START' }] },
        { ...shell('b', 'true'), dependsOn: [{ containerName: 'app', condition: 'START' }] },
      ),
      'form a cycle',
    ],
    [
      'ports that differ in awsvpc',
      definitionOf('x', { ...app, portMappings: [{ containerPort: 80, hostPort: 81 }] }),
      'the host ports and container ports in port mappings must match',
    ],
    ['more than 64 KiB', definitionOf('x', shell('app', 'x'.repeat(70_000))), "Max allowed length is '65536' bytes."],
    [
      'what the lab would not do',
      definitionOf('x', { ...app, restartPolicy: { enabled: true } }),
      'The lab does not restart containers',
    ],
  ]

  test.each(cases)('%s', async (_what, change, message) => {
    await expect(register('refused', change)).rejects.toMatchObject({
      name: 'ClientException',
      message: expect.stringContaining(message),
    })
  })

  test('a member of the wrong type', async () => {
    const answer = await post(lab, 'RegisterTaskDefinition', { ...definitionOf('x', app), cpu: 256 })
    expect(answer).toMatchObject({ __type: 'SerializationException', message: expect.stringContaining('cpu') })
  })
})

test('a definition that is not there, or INACTIVE already, cannot be deregistered', async () => {
  await register('gone')
  await lab.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'gone:1' }))
  const again = (taskDefinition: string) => lab.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }))

  await expect(again('gone:1')).rejects.toMatchObject({ name: 'ClientException' })
  await expect(again('gone:9')).rejects.toMatchObject({ name: 'ClientException' })
  // "You must specify a revision." (DeregisterTaskDefinition, taskDefinition)
  await expect(again('gone')).rejects.toMatchObject({ name: 'InvalidParameterException' })
})
