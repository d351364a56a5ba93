import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { waitUntil } from '@deploy-kit/core/wait'
import type { Database, SnapshotSource } from './snapshot-source.ts'

/**
 * Statuses that do not become `available` by themselves, each with what to do ("Viewing Amazon RDS DB instance status"
 * in the RDS User Guide, and the same for Aurora).
 */
const HOPELESS: readonly (readonly [RegExp, string])[] = [
  [
    /^stopp(ed|ing)$/,
    'Start it (aws rds start-db-instance or start-db-cluster) and run the job again; a stopped database takes no snapshot.',
  ],
  [/^deleting$/, 'It is being deleted; check the name.'],
  [
    /^(failed|restore-error|terminated)$/,
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

/**
 * Waits until the database is `available`, which creating a snapshot needs.
 *
 * @throws {ActionError} wrong-state at once where waiting is hopeless, and when the time is over
 */
export async function waitForDatabase(
  source: SnapshotSource,
  first: Database,
  limits: { waitForAvailableMs: number; intervalMs: number; deadline: Deadline },
  context: ActionContext,
): Promise<Database> {
  const name = `${source.type} ${first.identifier}`
  const result = await waitUntil<Database>({
    look: async (_, attempt) => {
      const database = attempt === 1 ? first : await source.describeDatabase(first.identifier)
      const verdict =
        database.status === 'available' ? 'pass' : adviceForHopeless(database.status) !== undefined ? 'stop' : 'pending'
      return { verdict, state: `${name} is ${database.status}`, value: database }
    },
    timeoutMs: Math.min(limits.waitForAvailableMs, limits.deadline.remainingMs()),
    everyMs: limits.intervalMs,
    jitter: 0.1,
    signal: context.signal,
    clock: context.clock,
    report: context.log.info,
  })
  const database = result.last?.value ?? first
  if (result.kind === 'passed') return database
  if (result.kind === 'cancelled')
    throw new CancelledError(`Cancelled while waiting for ${name} (${database.status}). No snapshot was requested.`)
  if (result.kind === 'stopped') {
    throw new ActionError(
      'wrong-state',
      `${capitalised(name)} is ${database.status}, so no snapshot can be taken. Nothing was changed.`,
      {
        advice: adviceForHopeless(database.status) ?? '',
      },
    )
  }
  throw new ActionError(
    'wrong-state',
    `${capitalised(name)} was still ${database.status} after ${formatDuration(result.elapsedMs)}; a snapshot needs it available. Nothing was changed.`,
    { advice: 'See what it is doing (aws rds describe-events), or raise wait-for-available.' },
  )
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
