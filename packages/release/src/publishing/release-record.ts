import type { Git } from './git.ts'
import { compareVersions, exactTag, formatVersion, movingTags, parseVersion, type Version } from './version.ts'

/** A release as its commit records it. */
export interface ReleaseRecord {
  readonly version: Version
  /** The release commit: its files are the release tree. */
  readonly commit: string
  /** The commit of the sources that the tree was built from. */
  readonly source: string
  /** Names of the change entries that it announced. */
  readonly changes: readonly string[]
}

/** What a release commit says: a title, the notes for people, and trailers for the next release. */
export interface ReleaseMessage {
  readonly version: Version
  readonly notes: string
  readonly source: string
  readonly changes: readonly string[]
}

export function renderMessage({ version, notes, source, changes }: ReleaseMessage): string {
  const trailers = [`Source-Commit: ${source}`, ...changes.map((name) => `Change-Entry: ${name}`)]
  return `deploy-kit ${formatVersion(version)}\n\n${notes}\n\n${trailers.join('\n')}\n`
}

const format = [
  '%H',
  '%(trailers:key=Source-Commit,valueonly,separator=%x2C)',
  '%(trailers:key=Change-Entry,valueonly,separator=%x2C)',
].join('%x09')

/**
 * Reads release commits, the highest version first.
 *
 * @param tags commit by name of the tag; names other than `v1.2.3` are passed over
 * @throws Error for a tag whose commit is no release: somebody else has made it
 */
export async function readReleases(git: Git, tags: ReadonlyMap<string, string>): Promise<readonly ReleaseRecord[]> {
  const exact = [...tags].flatMap(([name, commit]) => {
    const version = name.startsWith('v') ? parseVersion(name.slice(1)) : undefined
    return version === undefined ? [] : [{ version, commit }]
  })
  if (exact.length === 0) return []
  const input = exact.map(({ commit }) => `${commit}\n`).join('')
  const log = await git(['log', '--no-walk=unsorted', '--stdin', `--format=${format}`], { input })
  const recorded = new Map(log.split('\n').map((line) => [line.slice(0, line.indexOf('\t')), line.split('\t')]))
  const releases = exact.map(({ version, commit }) => {
    const [, source = '', changes = ''] = recorded.get(commit) ?? []
    if (!/^[0-9a-f]{40,64}$/.test(source))
      throw new Error(`The tag ${exactTag(version)} is no release: its commit ${commit} names no Source-Commit.`)
    return { version, commit, source, changes: changes.split(',').filter((name) => name !== '') }
  })
  return releases.sort((a, b) => compareVersions(b.version, a.version))
}

/** The tags that have to point to the release commit: its own, and the moving ones unless a higher release has them. */
export function wantedTags(
  releases: readonly ReleaseRecord[],
  version: Version,
  commit: string,
): readonly (readonly [name: string, commit: string])[] {
  const higher = releases.filter((release) => compareVersions(release.version, version) > 0)
  const taken = new Set(higher.flatMap((release) => movingTags(release.version)))
  const moving = movingTags(version).filter((name) => !taken.has(name))
  return [exactTag(version), ...moving].map((name) => [name, commit] as const)
}
