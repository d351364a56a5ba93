import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import {
  CreateDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  RDSClient,
} from '@aws-sdk/client-rds'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, describe, expect, test } from 'vitest'
import { startLab } from './lab.ts'
import { exampleWorld, loadWorld, parseWorld } from './world.ts'
import { fillReferences } from './world-references.ts'

const example = await loadWorld(exampleWorld)
const roleArn = example.roles[0]!.arn
const lab = await startLab({ world: example, sessionLimitSeconds: 2 })
afterAll(() => lab.close())

const { environment } = lab
const settings = {
  endpoint: lab.url,
  region: environment.AWS_REGION!,
  credentials: { accessKeyId: environment.AWS_ACCESS_KEY_ID!, secretAccessKey: environment.AWS_SECRET_ACCESS_KEY! },
}
const ecs = new ECSClient(settings)
const rds = new RDSClient(settings)
const logs = new CloudWatchLogsClient(settings)
const cluster = environment.LAB_CLUSTER!
const service = environment.LAB_SERVICE!

async function describeService() {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }))
  return services[0]!
}

/** A revision of the example's definition that runs `tag`. */
async function register(tag: string): Promise<string> {
  const { taskDefinition: current } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: service }))
  const [container] = current!.containerDefinitions!
  const image = container!.image!.replace(/:[^:]*$/, `:${tag}`)
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: current!.family,
      networkMode: current!.networkMode,
      requiresCompatibilities: current!.requiresCompatibilities,
      cpu: current!.cpu,
      memory: current!.memory,
      executionRoleArn: current!.executionRoleArn,
      taskRoleArn: current!.taskRoleArn,
      containerDefinitions: [{ ...container, image }],
    }),
  )
  return taskDefinition!.taskDefinitionArn!
}

/** Runs the migration of `tag` to its end. */
async function migrate(tag: string) {
  const { networkConfiguration } = await describeService()
  const { tasks, failures } = await ecs.send(
    new RunTaskCommand({
      cluster,
      taskDefinition: await register(tag),
      launchType: 'FARGATE',
      networkConfiguration,
      overrides: { containerOverrides: [{ name: 'app', command: ['node', 'src/migrate.js'] }] },
    }),
  )
  expect(failures).toEqual([])
  const taskArn = tasks![0]!.taskArn!
  const describeTask = async () => (await ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }))).tasks?.[0]
  await expect.poll(async () => (await describeTask())?.lastStatus).toBe('STOPPED')
  const { events = [] } = await logs.send(
    new GetLogEventsCommand({
      logGroupName: '/ecs/finance-hub',
      logStreamName: `finance-hub/app/${taskArn.split('/').at(-1)}`,
      startFromHead: true,
    }),
  )
  const task = (await describeTask())!
  return {
    exitCode: task.containers?.[0]?.exitCode,
    stopCode: task.stopCode,
    lines: events.map(({ message }) => message),
  }
}

describe('The example of the lab', () => {
  test('migrates its database, and says which statement of a migration fails', async () => {
    expect(await migrate('1.5.0')).toEqual({
      exitCode: 0,
      stopCode: 'EssentialContainerExited',
      lines: ['001_create_accounts.sql: applied before', '002_add_transfer_reference.sql: applied, 2 statements'],
    })
    const failed = await migrate('1.7.0')
    expect(failed.exitCode).toBe(1)
    expect(failed.lines.join('\n')).toContain(
      '003_forbid_overdraft.sql: statement 2 of 2 failed: check constraint "accounts_not_overdrawn"',
    )
  })

  test('takes a snapshot of its database', async () => {
    const DBSnapshotIdentifier = 'before-release'
    const DBInstanceIdentifier = environment.LAB_DB_INSTANCE!
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier }))
    const status = async () => {
      const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }))
      return DBSnapshots?.[0]?.Status
    }
    await expect.poll(status).toBe('available')
  })

  test('lets another process put its database into a status', async () => {
    const DBInstanceIdentifier = environment.LAB_DB_INSTANCE!
    const status = async () => {
      const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))
      return DBInstances?.[0]?.DBInstanceStatus
    }
    const put = async (wanted: string) => {
      const body = JSON.stringify({ identifier: DBInstanceIdentifier, status: wanted })
      expect((await fetch(`${lab.url}/_lab/database-status`, { method: 'POST', body })).status).toBe(200)
    }
    await put('storage-full')
    expect(await status()).toBe('storage-full')
    await put('available')
    expect(await status()).toBe('available')
  })

  test('rolls to a version that starts but is not healthy', async () => {
    const health = async () => {
      const response = await fetch(`${environment.LAB_SERVICE_URL}/health`)
      const { version } = (await response.json()) as { version: string }
      return { status: response.status, version }
    }
    expect(await health()).toEqual({ status: 200, version: '1.4.0' })
    const taskDefinition = await register('1.6.0')
    await ecs.send(new UpdateServiceCommand({ cluster, service, taskDefinition }))
    await expect
      .poll(async () => (await describeService()).deployments)
      .toMatchObject([{ taskDefinition, rolloutState: 'COMPLETED', runningCount: 2 }])
    expect(await health()).toEqual({ status: 500, version: '1.6.0' })
  }, 20_000)

  test('lets the job assume its role, bounded by the policy of the role, until the session ends', async () => {
    const answer = await fetch(`${environment.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=sts.amazonaws.com`, {
      headers: { authorization: `Bearer ${environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` },
    })
    const { value: WebIdentityToken } = (await answer.json()) as { value: string }
    const sts = new STSClient({ endpoint: lab.url, region: settings.region })
    const { Credentials: issued } = await sts.send(
      new AssumeRoleWithWebIdentityCommand({ RoleArn: roleArn, RoleSessionName: 'run-1', WebIdentityToken }),
    )
    const session = new ECSClient({
      ...settings,
      maxAttempts: 1,
      credentials: {
        accessKeyId: issued!.AccessKeyId!,
        secretAccessKey: issued!.SecretAccessKey!,
        sessionToken: issued!.SessionToken!,
      },
    })
    lab.policies.put(roleArn, { Statement: { Effect: 'Allow', Action: 'ecs:Describe*', Resource: '*' } })
    await session.send(new DescribeServicesCommand({ cluster, services: [service] }))
    await expect(session.send(new UpdateServiceCommand({ cluster, service }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::123456789012:assumed-role/finance-hub-deploy/run-1 is not authorized to perform: ecs:UpdateService on resource: arn:aws:ecs:eu-central-1:123456789012:service/production/finance-hub because no identity-based policy allows the ecs:UpdateService action`,
    })
    const describeNow = () => session.send(new DescribeServicesCommand({ cluster, services: [service] }))
    await expect
      .poll(() =>
        describeNow().then(
          () => 'described',
          ({ name }: Error) => name,
        ),
      )
      .toBe('ExpiredTokenException')
  })

  test('has every request and change in its journal', () => {
    expect(lab.journal.requests('ecs', 'UpdateService').at(-1)).toMatchObject({
      caller: 'arn:aws:sts::123456789012:assumed-role/finance-hub-deploy/run-1',
      outcome: { kind: 'error', code: 'AccessDeniedException' },
    })
    const changes = lab.journal.entries().filter((entry) => entry.kind === 'change')
    expect(changes.some(({ service: name, to }) => name === 'rds' && to === 'available')).toBe(true)
    expect(changes.some(({ service: name, to }) => name === 'ecs' && to === 'STOPPED')).toBe(true)
  })
})

describe('A world', () => {
  test('that is not as the lab expects it is refused with every offending key', () => {
    expect(() => parseWorld({ region: 'eu-central-1', accountId: 123, databses: [] }, '.')).toThrow(
      /accountId: .*\n- databses: /,
    )
  })

  test('refers to what exists once the lab runs, and to nothing else', () => {
    const references = new Map([['databases.app.url', 'postgres://here']])
    const world = { environment: [{ name: 'URL', value: `\${databases.app.url}?x` }, { command: `echo \${HOME}` }] }
    expect(fillReferences(world, references)).toEqual({
      environment: [{ name: 'URL', value: 'postgres://here?x' }, { command: `echo \${HOME}` }],
    })
    expect(() => fillReferences([`\${databases.ap.url}`], references)).toThrow('which is none of: databases.app.url')
  })
})
