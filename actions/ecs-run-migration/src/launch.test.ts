import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeTaskDefinitionCommand, ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs'
import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, imageOf, lastRunTask, migrate, shell, startMigrationLab, subnets } from './testing/migration-lab.ts'

const definition = { family: 'filed', containerDefinitions: [{ name: 'app', image: imageOf('v1') }] }

let lab: Lab
let ecs: ECSClient

beforeAll(async () => {
  lab = await startMigrationLab()
  ecs = new ECSClient({ region: 'eu-central-1' })
})
afterAll(() => lab.close())

describe('what is run', () => {
  test('network, launch type and platform version come from the service', async () => {
    await migrate(lab, { command: 'true', environment: 'STEP=migrate\nEMPTY=' })
    expect(lastRunTask(lab)).toMatchObject({
      cluster: 'production',
      count: 1,
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['subnet-0a1b2c3d4e5f60718', 'subnet-08172635445362718'],
          securityGroups: ['sg-0f1e2d3c4b5a69788'],
          assignPublicIp: 'DISABLED',
        },
      },
      overrides: {
        containerOverrides: [
          {
            name: 'app',
            command: ['true'],
            environment: [
              { name: 'STEP', value: 'migrate' },
              { name: 'EMPTY', value: '' },
            ],
          },
        ],
      },
    })
  })

  test('inputs win over the service, blanks around items are dropped, and every task carries our tags', async () => {
    await migrate(
      lab,
      {
        command: `node -e "process.exit(0)"`,
        subnets: 'subnet-0aaa, subnet-0bbb',
        'security-groups': 'sg-0ccc',
        'assign-public-ip': 'true',
        'launch-type': 'FARGATE',
      },
      { runId: '4711' },
    )
    expect(lastRunTask(lab)).toMatchObject({
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['subnet-0aaa', 'subnet-0bbb'],
          securityGroups: ['sg-0ccc'],
          assignPublicIp: 'ENABLED',
        },
      },
      overrides: { containerOverrides: [{ command: ['node', '-e', 'process.exit(0)'] }] },
      startedBy: expect.stringMatching(/^deploy-kit\/[0-9a-f]{40}$/),
      clientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
      tags: expect.arrayContaining([
        { key: 'deploy-kit:repository', value: 'org/ledger' },
        { key: 'deploy-kit:run', value: '4711' },
        { key: 'deploy-kit:sha', value: 'abc123' },
      ]),
    })
  })

  test('a definition of another network mode gets no network', async () => {
    await migrate(lab, { service: '', 'task-definition': 'on-bridge', 'launch-type': 'EC2', command: 'true' })
    expect(lastRunTask(lab)).not.toHaveProperty('networkConfiguration')
  })

  test('an image is a new revision with everything else kept, tags too, and the next run uses it again', async () => {
    const image = imageOf('v2')
    await migrate(lab, { command: 'true', image })
    const first = lastRunTask(lab).taskDefinition as string
    await migrate(lab, { command: 'true', image })
    expect(lastRunTask(lab).taskDefinition).toBe(first)
    const { taskDefinition, tags } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: first, include: ['TAGS'] }),
    )
    expect(taskDefinition?.containerDefinitions?.[0]?.image).toBe(image)
    expect(taskDefinition?.taskRoleArn).toBe('arn:aws:iam::123456789012:role/ledger-task')
    expect(tags).toEqual([{ key: 'team', value: 'ledger' }])
    const { taskDefinitionArns } = await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'ledger' }))
    await migrate(lab, { command: 'true', image: imageOf('v1') })
    expect((await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'ledger' }))).taskDefinitionArns).toEqual(
      taskDefinitionArns,
    )
  })

  test('a task definition file is registered as it stands, with its tags, and used again', async () => {
    const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'ledger:1' }))
    const containers = taskDefinition?.containerDefinitions?.map((container) => ({
      ...container,
      image: imageOf('v33'),
    }))
    const folder = await mkdtemp(join(tmpdir(), 'definition-'))
    const file = join(folder, 'task-definition.json')
    await writeFile(
      file,
      JSON.stringify({ ...taskDefinition, containerDefinitions: containers, tags: [{ key: 'of', value: 'file' }] }),
    )
    await migrate(lab, { command: 'true', 'task-definition': file })
    const first = lastRunTask(lab).taskDefinition
    const registered = lab.journal.requests('ecs', 'RegisterTaskDefinition').at(-1)?.input
    expect(registered).toMatchObject({ family: 'ledger', tags: [{ key: 'of', value: 'file' }] })
    expect(registered).not.toHaveProperty('revision')
    await migrate(lab, { command: 'true', 'task-definition': file })
    expect(lastRunTask(lab).taskDefinition).toBe(first)
  })

  test('a capacity provider strategy replaces the launch type, and keeps the platform version on Fargate', async () => {
    await migrate(lab, { command: 'true', 'capacity-provider-strategy': '- capacityProvider: FARGATE\n  weight: 1' })
    expect(lastRunTask(lab)).toMatchObject({
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
      platformVersion: '1.4.0',
    })
    expect(lastRunTask(lab)).not.toHaveProperty('launchType')
  })

  test('a dry run reads and checks, says what would be run, and sends nothing that changes anything', async () => {
    const from = lab.journal.entries().length
    const run = await migrate(lab, { command: 'node migrate.js', image: imageOf('v9'), 'dry-run': 'true' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { outcome: 'not-started' } })
    expect(run.log).toContain(
      'dry run: would run a new revision of ledger, which it would register, container app, command ["node","migrate.js"], in cluster production',
    )
    expect(run.summary).toContain(imageOf('v9'))
    const sent = lab.journal.entries().slice(from)
    const operations = sent.flatMap((entry) => (entry.kind === 'request' ? [entry.operation] : []))
    expect(operations.filter((operation) => !/^(Describe|List)/.test(operation))).toEqual([])
  })

  test('a dry run says which revision is there already, and what an earlier attempt changes', async () => {
    const inputs = { command: shell('exit 3'), image: imageOf('v31'), 'dry-run': 'true' }
    await migrate(lab, { ...inputs, 'dry-run': 'false' }, { runId: 'planned' })
    const { taskDefinition = '' } = lastRunTask(lab) as { taskDefinition?: string }
    const revision = taskDefinition.split('/').at(-1)
    const plan = async (more: Record<string, string> = {}) =>
      (await migrate(lab, { ...inputs, ...more }, { runId: 'planned', attempt: 2 })).log.find((line) =>
        line.startsWith('dry run'),
      )
    expect(await plan()).toContain(`dry run: would run ${revision}, container app`)
    const done = await migrate(lab, { command: 'true' }, { runId: 'planned', attempt: 2 })
    expect(await plan()).toBe(
      `dry run: would run nothing: ${done.outputs['task-arn']} of an earlier attempt has succeeded`,
    )
  })

  test.each([
    ['not JSON', '{', {}, 'is not JSON'],
    ['without the container', JSON.stringify(definition), { container: 'web' }, 'has no container web; it has app'],
  ])('a definition file that is %s is refused before the first request', async (_, content, inputs, message) => {
    const workspace = await mkdtemp(join(tmpdir(), 'definition-'))
    await writeFile(join(workspace, 'task.json'), content)
    const from = lab.journal.entries().length
    const environment = { GITHUB_WORKSPACE: workspace }
    const run = await migrate(lab, { 'task-definition': './task.json', ...inputs }, { environment })
    expect(run).toMatchObject({ exitCode: 1, outputs: { outcome: 'not-started' } })
    expect(failureOf(run)).toContain(message)
    expect(lab.journal.entries()).toHaveLength(from)
  })

  test.each([
    [{ service: 'nowhere' }, 'The service nowhere does not exist in cluster production.'],
    [{ service: '', 'task-definition': 'nothing:7', ...subnets }, 'There is no task definition nothing:7'],
    [{ container: 'web' }, 'The task definition ledger has no container web; it has app.'],
    [
      { service: '', 'task-definition': 'two-essential', ...subnets },
      'The task definition two-essential has 2 essential containers (app, worker), so it has to be said which one is meant.',
    ],
    [{ service: '', 'task-definition': 'ledger' }, 'subnets: are required, because ledger has network mode awsvpc'],
    [
      { service: '', 'task-definition': 'on-bridge', ...subnets },
      'subnets: the task definition on-bridge has network mode bridge',
    ],
    [{ cluster: 'nowhere' }, 'it does not exist in this account and region'],
  ])('what does not fit what is there is refused before anything runs: %j', async (inputs, message) => {
    const before = lab.journal.requests('ecs', 'RunTask').length
    const run = await migrate(lab, inputs as Record<string, string>)
    expect(run).toMatchObject({ exitCode: 1, outputs: { outcome: 'not-started' } })
    expect(failureOf(run)).toContain(message)
    expect(lab.journal.requests('ecs', 'RunTask')).toHaveLength(before)
  })
})
