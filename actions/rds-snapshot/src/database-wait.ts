import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { waitUntil } from '@deploy-kit/core/wait'
import type { Database } from './snapshot.ts'
import type { SnapshotSource } from './snapshot-source.ts'

const START =
  'Start it (aws rds start-db-instance or start-db-cluster) and run the job again; a stopped database takes no snapshot.'

/**
 * Statuses that do not become `available` by themselves, each with what to do ("Viewing Amazon RDS DB instance status"
 * in the RDS User Guide, and the same for Aurora).
 */
const HOPELESS: readonly (readonly [RegExp, string])[] = [
  [/^stopp(ed|ing)$/, START],
  [/^(deleting|delete-precheck)$/, 'It is being deleted; check the name.'],
  [
    /^(failed|restore-error|terminated|migration-failed|cloning-failed)$/,
    'It has failed and cannot be recovered as it is; restore it from an earlier snapshot or a point in time.',
  ],
  [
    /^incompatible-/,
    'RDS cannot apply its configuration; open its events in the console (aws rds describe-events) and correct what they name.',
  ],
  [/^storage-full$/, 'Its storage is full; raise AllocatedStorage, wait until it is available and run the job again.'],
  [
    /^inaccessible-encryption-credentials/,
    'Its KMS key cannot be used; enable the key and its grants, then start the database.',
  ],
  [
    /^insufficient-(capacity|resource-limits)$/,
    'AWS has no capacity for it as it is configured; change its class or zone.',
  ],
]

/** What to do about a status in which waiting is hopeless; nothing for one that passes. */
export function adviceForHopeless(status: string): string | undefined {
  return HOPELESS.find(([pattern]) => pattern.test(status))?.[1]
}

/** "The source DB instance must be in the available or storage-optimization state" (RDS API Reference: CreateDBSnapshot). */
export function takesSnapshots(database: Pick<Database, 'status'>): boolean {
  return database.status === 'available' || database.status === 'storage-optimization'
}

/**
 * Waits until a snapshot of the database can be taken. `wait` counts from the first look on, however often the
 * database becomes busy again; `step` is the deadline of everything.
 *
 * @throws {ActionError} wrong-state at once where waiting is hopeless, and when the time is over
 */
export async function waitForDatabase(
  source: SnapshotSource,
  first: Database,
  limits: { intervalMs: number; wait: Deadline; step: Deadline },
  context: ActionContext,
): Promise<Database> {
  const name = `${source.type} ${first.identifier}`
  if (takesSnapshots(first)) return first
  refuseHopeless(name, first)
  const deadline = limits.wait.remainingMs() < limits.step.remainingMs() ? limits.wait : limits.step
  const result = await waitUntil<Database>({
    look: async (_, attempt) => {
      const database = attempt === 1 ? first : await source.describeDatabase(first.identifier)
      refuseHopeless(name, database)
      const verdict = takesSnapshots(database) ? 'pass' : 'pending'
      return { verdict, state: `${name} is ${database.status}`, value: database }
    },
    timeoutMs: deadline.totalMs,
    deadline,
    everyMs: limits.intervalMs,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  const database = result.last?.value ?? first
  if (result.kind === 'passed') return database
  if (result.kind === 'cancelled') throw new CancelledError()
  const input = deadline === limits.wait ? 'wait-for-available' : 'timeout'
  throw new ActionError(
    'wrong-state',
    `${capitalised(name)} was still ${database.status} when ${input} (${formatDuration(deadline.totalMs)}) was over; a snapshot needs it available. No snapshot was taken.`,
    { advice: `See what it is doing (aws rds describe-events), or raise ${input}.` },
  )
}

function refuseHopeless(name: string, { status }: Database): void {
  const advice = adviceForHopeless(status)
  if (advice === undefined) return
  throw new ActionError('wrong-state', `${capitalised(name)} is ${status}, so no snapshot can be taken.`, { advice })
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
