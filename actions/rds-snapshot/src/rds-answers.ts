import type { Tag } from '@aws-sdk/client-rds'
import { messageOf } from '@deploy-kit/core/errors'

export function tagMap(tags: readonly Tag[] | undefined): Map<string, string> {
  return new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
}

export function tagList(tags: ReadonlyMap<string, string>): Tag[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

/** Codes as they stand on the wire (RDS API Reference: CreateDBSnapshot and CreateDBClusterSnapshot, Errors). */
const CREATE_OUTCOMES: Readonly<Record<string, 'exists' | 'busy' | 'quota'>> = {
  DBSnapshotAlreadyExists: 'exists',
  DBClusterSnapshotAlreadyExists: 'exists',
  InvalidDBInstanceState: 'busy',
  InvalidDBClusterState: 'busy',
  InvalidDBClusterStateFault: 'busy',
  SnapshotQuotaExceeded: 'quota',
}

export function outcomeOfCreate(code: string): 'exists' | 'busy' | 'quota' | undefined {
  return CREATE_OUTCOMES[code]
}

/** At most five copies may be on their way between two regions; AWS has no code of its own for that. */
export function outcomeOfCopy(error: unknown, code: string): 'exists' | 'busy' | undefined {
  if (code.endsWith('SnapshotAlreadyExists')) return 'exists'
  if (code.includes('QuotaExceeded') && /cop(y|ies)|in.progress/i.test(messageOf(error))) return 'busy'
  return undefined
}
