import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs'
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectGone, processTree } from './testing/process-tree.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

interface Started {
  readonly process: ChildProcess
  readonly environment: Readonly<Record<string, string>>
}

/** Starts the command as a terminal does, in a process group of its own, and waits for `ready`. */
async function start(command = process.execPath, args = [main]): Promise<Started> {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void (child.exitCode ?? child.signalCode ?? process.kill(-child.pid!, 'SIGKILL')))
  const environment: Record<string, string> = {}
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line === 'ready') break
    const [, name, value] = /^export (\w+)=(\S+)$/.exec(line) ?? []
    expect(name, `${line} is an export line`).toBeDefined()
    environment[name!] = value!
  }
  return { process: child, environment }
}

function clients(environment: Started['environment']) {
  const settings = {
    endpoint: environment.AWS_ENDPOINT_URL!,
    region: environment.AWS_REGION!,
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID!,
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY!,
    },
  }
  return { ecs: new ECSClient(settings), rds: new RDSClient(settings) }
}

/** What runs for `--foo`, a taken port and the like: the output of a start that fails. */
async function fail(...args: string[]): Promise<{ readonly code: number | null; readonly message: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let message = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    message += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, message }
}

describe.runIf(process.platform === 'linux')('The lab', () => {
  test('has the example running at `ready`, and Ctrl-C ends all of it, also what ignores SIGTERM', async () => {
    const { process: lab, environment } = await start()
    expect((await fetch(environment.LAB_SERVICE_URL!)).status).toBe(200)

    const { ecs, rds } = clients(environment)
    const { clusterArns: [cluster] = [] } = await ecs.send(new ListClustersCommand({}))
    const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster }))
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: serviceArns }))
    expect(services).toMatchObject([
      {
        serviceName: environment.LAB_SERVICE,
        runningCount: 2,
        networkConfiguration: { awsvpcConfiguration: { subnets: expect.any(Array) } },
        deployments: [{ rolloutState: 'COMPLETED' }],
      },
    ])
    const { taskDefinition } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: services[0]?.taskDefinition }),
    )
    expect(taskDefinition).toMatchObject({
      networkMode: 'awsvpc',
      containerDefinitions: [
        { essential: true, logConfiguration: { options: { 'awslogs-stream-prefix': expect.any(String) } } },
      ],
    })
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({}))
    expect(DBInstances).toMatchObject([
      { DBInstanceIdentifier: environment.LAB_DB_INSTANCE, DBInstanceStatus: 'available' },
    ])

    const before = await processTree(lab.pid!)
    const { failures } = await ecs.send(
      new RunTaskCommand({
        cluster,
        taskDefinition: services[0]?.taskDefinition,
        networkConfiguration: services[0]?.networkConfiguration,
        overrides: {
          containerOverrides: [{ name: 'app', command: ['sh', '-c', 'trap "" TERM INT; while :; do sleep 1; done'] }],
        },
      }),
    )
    expect(failures).toEqual([])
    await expect.poll(async () => (await processTree(lab.pid!)).length).toBeGreaterThan(before.length)
    const processes = await processTree(lab.pid!)

    const ended = once(lab, 'exit')
    process.kill(-lab.pid!, 'SIGINT')
    expect(await ended).toEqual([0, null])
    await expectGone(processes, 10_000)
  }, 30_000)

  test('leaves nothing behind when it is killed, or the command that started it is', async () => {
    // As pnpm starts a script: a shell between the two, which dies without telling.
    const { process: launcher } = await start('env', [
      'npm_lifecycle_event=lab',
      'sh',
      '-c',
      '"$1" "$2"; true',
      'pnpm',
      process.execPath,
      main,
    ])
    const { process: lab } = await start()
    const processes = [...(await processTree(launcher.pid!)), ...(await processTree(lab.pid!))]
    expect(processes.length).toBeGreaterThan(10)
    launcher.kill('SIGKILL')
    lab.kill('SIGKILL')
    await expectGone(processes, 10_000)
  }, 30_000)

  test('says what is wrong with its arguments', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as { port: number }

    expect(await fail('--foo')).toMatchObject({ code: 1, message: expect.stringContaining("Unknown option '--foo'") })
    expect(await fail('--port', 'http')).toMatchObject({
      code: 1,
      message: expect.stringContaining("'http' is not a port"),
    })
    expect(await fail('--port', String(port))).toMatchObject({
      code: 1,
      message: expect.stringContaining(`Port ${port} of 127.0.0.1 is taken`),
    })
  })
})
