import { type DBSnapshot, DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds'
import type { Clock } from '@deploy-kit/core/clock'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, type LabOptions, startLab } from '@deploy-kit/lab/lab'
import { parseWorld, type WorldInput } from '@deploy-kit/lab/world'
import { vi } from 'vitest'
import { action } from '../action.ts'

export const OWN_TAG = { 'deploy-kit:action': 'rds-snapshot' }
export const ROLE = 'arn:aws:iam::123456789012:role/deploy'
export const KEY_HERE = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111'
export const KEY_THERE = 'arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-2222-2222-222222222222'

type Database = NonNullable<WorldInput['databases']>[number]

/** A database of the world, by the parts that a test is about. */
export function database(identifier: string, more: Partial<Database> = {}): Database {
  return { identifier, databaseName: 'ledger', username: 'ledger', password: 'ledger-secret', ...more }
}

export interface TakeOptions {
  readonly runId?: string
  readonly signal?: AbortSignal
  /** Default: the lab's. */
  readonly environment?: Readonly<Record<string, string>>
  readonly clock?: Clock
}

/** A lab with databases, and the action in this process against it. */
export interface SnapshotLab extends AsyncDisposable {
  readonly lab: Lab
  readonly rds: RDSClient
  take(inputs: Readonly<Record<string, string>>, options?: TakeOptions): Promise<MemoryRun>
  snapshotsOf(instance: string): Promise<readonly DBSnapshot[]>
  /** Identifiers of the manual snapshots of an instance, sorted. */
  namesOf(instance: string): Promise<readonly string[]>
  /** Operations that reached the lab since the last call, in order. */
  operations(): readonly string[]
}

/** The SDK reads endpoint and keys from the process's environment, which is set until the lab is disposed. */
export async function startSnapshotLab(
  world: Partial<WorldInput>,
  options: Omit<LabOptions, 'world'> = {},
): Promise<SnapshotLab> {
  const account = { region: 'eu-central-1', accountId: '123456789012', roles: [{ arn: ROLE }] }
  const kmsKeys = [{ arn: KEY_HERE }, { arn: KEY_THERE }]
  const lab = await startLab({
    timeScale: 0.001,
    ...options,
    world: parseWorld({ ...account, kmsKeys, ...world }, import.meta.dirname),
  })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  const rds = new RDSClient({ region: 'eu-central-1' })
  let runNumber = 0
  let seen = lab.journal.entries().length
  const snapshotsOf = async (instance: string): Promise<readonly DBSnapshot[]> => {
    const request = { DBInstanceIdentifier: instance, SnapshotType: 'manual' }
    return (await rds.send(new DescribeDBSnapshotsCommand(request))).DBSnapshots ?? []
  }
  return {
    lab,
    rds,
    snapshotsOf,
    namesOf: async (instance) => (await snapshotsOf(instance)).map((one) => one.DBSnapshotIdentifier ?? '').sort(),
    take(inputs, { runId, environment: given = lab.environment, ...options } = {}) {
      runNumber += 1
      const environment = {
        ...given,
        GITHUB_REPOSITORY: 'org/ledger',
        GITHUB_RUN_ID: runId ?? String(1000 + runNumber),
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_SHA: 'abc123',
      }
      return runInMemory(action, { inputs: { interval: '10ms', ...inputs }, environment, ...options })
    },
    operations() {
      const entries = lab.journal.entries().slice(seen)
      seen = lab.journal.entries().length
      return entries.flatMap((entry) => (entry.kind === 'request' ? [entry.operation] : []))
    },
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs()
      rds.destroy()
      await lab.close()
    },
  }
}
