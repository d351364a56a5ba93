import type { Tag } from '@aws-sdk/client-rds'
import type { GitHubRun } from '@deploy-kit/core/github-run'

/** The tag that makes a snapshot ours: only what carries it is ever adopted or deleted. */
const OWNER = 'deploy-kit:action'
const OWNER_VALUE = 'rds-snapshot'

/** Tag keys that AWS or we keep to ourselves. */
export const RESERVED_PREFIXES = ['aws:', 'rds:', 'deploy-kit:'] as const

export function ourTags(run: GitHubRun, further: readonly (readonly [string, string])[]): Map<string, string> {
  const own: readonly (readonly [string, string])[] = [
    [OWNER, OWNER_VALUE],
    ['deploy-kit:repository', run.repository],
    ['deploy-kit:run', run.runId],
    ['deploy-kit:sha', run.sha],
  ]
  return new Map([...own.filter(([, value]) => value !== ''), ...further])
}

export function isOurs(tags: ReadonlyMap<string, string>): boolean {
  return tags.get(OWNER) === OWNER_VALUE
}

export function readTags(tags: readonly Tag[] | undefined): ReadonlyMap<string, string> {
  return new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
}

export function writeTags(tags: ReadonlyMap<string, string>): Tag[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

/** Tags that AWS puts on by itself cannot be given in a request. */
export function withoutAwsTags(tags: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...tags].filter(([key]) => !/^(aws|rds):/i.test(key)))
}
