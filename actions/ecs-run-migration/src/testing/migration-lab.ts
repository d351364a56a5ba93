import type { Clock } from '@deploy-kit/core/clock'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, type LabOptions, startLab } from '@deploy-kit/lab/lab'
import { parseWorld, type World, type WorldInput } from '@deploy-kit/lab/world'
import { expect, vi } from 'vitest'
import { action } from '../action.ts'

const accountId = '123456789012'
const region = 'eu-central-1'
const repository = `${accountId}.dkr.ecr.${region}.amazonaws.com/ledger`
export const imageOf = (tag: string): string => `${repository}:${tag}`

const fastClock = hurriedClock(50)

const awslogs = (family: string) => ({
  logDriver: 'awslogs',
  options: { 'awslogs-group': `/ecs/${family}`, 'awslogs-region': region, 'awslogs-stream-prefix': 'run' },
})

const definition = (family: string, containers: readonly object[], more: object = {}) => ({
  family,
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  executionRoleArn: `arn:aws:iam::${accountId}:role/ledger-execution`,
  containerDefinitions: containers.map((container) => ({
    image: imageOf('v1'),
    essential: true,
    logConfiguration: awslogs(family),
    ...container,
  })),
  ...more,
})

const sidecar = { name: 'proxy', essential: false, command: ['sh', '-c', 'trap "exit 137" TERM; sleep 60 & wait'] }

/** A cluster with one service, and definitions of every kind that a migration can meet. */
const ledger: WorldInput = {
  region,
  accountId,
  roles: [{ arn: `arn:aws:iam::${accountId}:role/deploy` }],
  images: [
    {
      repository,
      command: ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'],
      tags: [{ match: 'v*' }],
    },
  ],
  taskDefinitions: [
    definition('ledger', [{ name: 'app' }], {
      taskRoleArn: `arn:aws:iam::${accountId}:role/ledger-task`,
      tags: [{ key: 'team', value: 'ledger' }],
    }),
    definition('with-sidecar', [{ name: 'app' }, sidecar]),
    definition('with-fragile-sidecar', [
      { name: 'app', command: ['sleep', '60'] },
      { name: 'proxy', command: ['sh', '-c', 'echo proxy cannot bind; exit 3'] },
    ]),
    // Fargate allows two minutes, which the lab's pace makes two seconds.
    definition('patient', [{ name: 'app', stopTimeout: 15_000 }], {
      networkMode: 'bridge',
      requiresCompatibilities: ['EC2'],
    }),
    definition('two-essential', [{ name: 'app' }, { name: 'worker' }]),
    definition('elsewhere', [{ name: 'app', logConfiguration: { logDriver: 'splunk' } }]),
    definition('no-prefix', [
      {
        name: 'app',
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': '/ecs/no-prefix', 'awslogs-region': region },
        },
      },
    ]),
    definition('silent', [{ name: 'app', logConfiguration: undefined }]),
    definition('with-secret', [
      {
        name: 'app',
        secrets: [{ name: 'PASSWORD', valueFrom: `arn:aws:secretsmanager:${region}:${accountId}:secret:gone` }],
      },
    ]),
    definition('on-bridge', [{ name: 'app' }], { networkMode: 'bridge', requiresCompatibilities: ['EC2'] }),
  ],
  clusters: [
    {
      clusterName: 'production',
      services: [
        {
          serviceName: 'ledger',
          taskDefinition: 'ledger',
          desiredCount: 1,
          launchType: 'FARGATE',
          platformVersion: '1.4.0',
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: ['subnet-0a1b2c3d4e5f60718', 'subnet-08172635445362718'],
              securityGroups: ['sg-0f1e2d3c4b5a69788'],
              assignPublicIp: 'DISABLED',
            },
          },
        },
      ],
    },
  ],
}

export function ledgerWorld(more: Partial<WorldInput> = {}): World {
  return parseWorld({ ...ledger, ...more }, import.meta.dirname)
}

/** A lab that is quick enough for hundreds of tasks, and the one that the SDK of this process talks to. */
export async function startMigrationLab(options: Partial<LabOptions> = {}): Promise<Lab> {
  const lab = await startLab({ world: ledgerWorld(), timeScale: 0.002, throttling: false, ...options })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  return lab
}

export interface RunOptions {
  readonly runId?: string
  readonly attempt?: number
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly environment?: Readonly<Record<string, string>>
}

let runs = 0

/** One step of a job: a run of its own unless `runId` says otherwise. */
export function migrate(
  lab: Lab,
  inputs: Readonly<Record<string, string>>,
  options: RunOptions = {},
): Promise<MemoryRun> {
  runs += 1
  return runInMemory(action, {
    inputs: { cluster: 'production', service: 'ledger', ...inputs },
    environment: {
      ...lab.environment,
      GITHUB_REPOSITORY: 'org/ledger',
      GITHUB_RUN_ID: options.runId ?? String(7000 + runs),
      GITHUB_RUN_ATTEMPT: String(options.attempt ?? 1),
      GITHUB_JOB: 'deploy',
      GITHUB_ACTION: 'migrate',
      GITHUB_SHA: 'abc123',
      ...options.environment,
    },
    clock: options.clock ?? fastClock,
    ...(options.signal && { signal: options.signal }),
  })
}

/** The command input for a shell script. */
export const shell = (script: string): string => JSON.stringify(['sh', '-c', script])

/** For a task of a definition with awsvpc, where there is no service to take a network from. */
export const subnets = { subnets: 'subnet-0a1b2c3d4e5f60718' }

/** The step's one error annotation. */
export function failureOf({ annotations }: MemoryRun): string | undefined {
  return annotations.find(({ level }) => level === 'error')?.message
}

/** What the last RunTask asked for. */
export function lastRunTask(lab: Lab): Record<string, unknown> {
  return lab.journal.requests('ecs', 'RunTask').at(-1)?.input as Record<string, unknown>
}

/** The ARN of the task that is started next, as soon as its log was read as far as the line. */
export async function taskWithLog(lab: Lab, line: string): Promise<string> {
  const from = lab.journal.entries().length
  return vi.waitFor(
    () => {
      const entries = lab.journal.entries().slice(from)
      const answers = (operation: string) =>
        entries.flatMap((entry) =>
          entry.kind === 'request' && entry.operation === operation && entry.outcome.kind === 'answered'
            ? [entry.outcome.output]
            : [],
        )
      expect(JSON.stringify(answers('GetLogEvents'))).toContain(`"${line}"`)
      return (answers('RunTask')[0] as { tasks: { taskArn: string }[] }).tasks[0]?.taskArn ?? ''
    },
    { interval: 5, timeout: 20_000 },
  )
}
