import { type ChangeEntry, changesFolder, largestBump } from './change-entry.ts'
import { type Git, gitAgrees } from './git.ts'
import { ReleaseRefusal } from './refusal.ts'
import { type ReleaseRecord, wantedTags } from './release-record.ts'
import { findBranch, type RemoteState } from './remote-state.ts'
import { bumpVersion, compareVersions, exactTag, formatVersion, type Version } from './version.ts'

/** What is going to be released. */
export interface ReleasePlan {
  readonly version: Version
  /** The commit that is built. */
  readonly source: string
  /** The highest release below this version: the parent of the release commit. Undefined for the first one. */
  readonly previous: ReleaseRecord | undefined
  /** The highest other release of the same major: what the action.yml files are compared with. */
  readonly lastOfMajor: ReleaseRecord | undefined
  /** What no lower release has announced. */
  readonly entries: readonly ChangeEntry[]
}

/**
 * Decides what a release of `source` would be.
 *
 * @param wanted undefined: what the change entries ask for
 * @throws ReleaseRefusal
 */
export async function planRelease(
  git: Git,
  remote: RemoteState,
  given: { readonly source: string; readonly wanted: Version | undefined; readonly entries: readonly ChangeEntry[] },
): Promise<ReleasePlan> {
  const { source } = given
  const branch = await findBranch(git, remote, source)
  if (branch === undefined)
    throw new ReleaseRefusal(
      `${source} is not on ${[...remote.branches.keys()].join(' or ')} of the remote. Push it there, through review, first.`,
    )
  const maintained = branch === remote.defaultBranch ? undefined : Number.parseInt(branch, 10)
  const base = remote.releases.find(({ version }) => maintained === undefined || version.major === maintained)
  const version = given.wanted ?? nextVersion(base, unannounced(given.entries, remote.releases, base?.version))
  if (maintained !== undefined && version.major !== maintained)
    throw new ReleaseRefusal(
      `The branch ${branch} gives releases of ${maintained}.x only, not ${formatVersion(version)}.`,
    )
  const others = remote.releases.filter((release) => compareVersions(release.version, version) !== 0)
  const plan = {
    version,
    source,
    previous: others.find((release) => compareVersions(release.version, version) < 0),
    lastOfMajor: others.find((release) => release.version.major === version.major),
    entries: unannounced(given.entries, others, version),
  }
  refuseExisting(remote, plan)
  await refuseOldSource(git, plan)
  refuseLowVersion(plan, others)
  return plan
}

/** @param below only releases up to this version count */
function unannounced(
  entries: readonly ChangeEntry[],
  releases: readonly ReleaseRecord[],
  below: Version | undefined,
): readonly ChangeEntry[] {
  const lower = releases.filter(({ version }) => below !== undefined && compareVersions(version, below) <= 0)
  const announced = new Set(lower.flatMap(({ changes }) => changes))
  return entries.filter(({ name }) => !announced.has(name))
}

function nextVersion(base: ReleaseRecord | undefined, entries: readonly ChangeEntry[]): Version {
  if (base === undefined) return { major: 1, minor: 0, patch: 0 }
  const bump = largestBump(entries)
  if (bump !== undefined) return bumpVersion(base.version, bump)
  throw new ReleaseRefusal(
    `Nothing has changed for users since ${exactTag(base.version)}: ${changesFolder} has no entry that it did not announce.`,
  )
}

/** One that was made from the same sources, and whose moving tags somebody has removed, may be completed. */
function refuseExisting(remote: RemoteState, { version, source }: ReleasePlan): void {
  const tag = exactTag(version)
  const existing = remote.releases.find((release) => compareVersions(release.version, version) === 0)
  if (existing === undefined) return
  const isComplete = wantedTags(remote.releases, version, existing.commit).every(
    ([name, commit]) => remote.tags.get(name) === commit,
  )
  if (existing.source !== source || isComplete)
    throw new ReleaseRefusal(`${tag} is already released, from ${existing.source}, and a release never changes.`)
}

function refuseLowVersion(plan: ReleasePlan, others: readonly ReleaseRecord[]): void {
  const { version, lastOfMajor, entries, previous } = plan
  const written = formatVersion(version)
  const floor = lastOfMajor ?? others[0]
  if (floor !== undefined && compareVersions(version, floor.version) < 0)
    throw new ReleaseRefusal(
      `${written} is below ${formatVersion(floor.version)}, the last release${lastOfMajor ? ` of ${version.major}.x: v${version.major} would go back` : ''}.`,
    )
  if (entries.length === 0)
    throw new ReleaseRefusal(
      `${written} would announce nothing: ${changesFolder} has no entry that is not in a release.`,
    )
  const bump = largestBump(entries)
  if (previous === undefined || bump === undefined) return
  const least = bumpVersion(previous.version, bump)
  if (compareVersions(version, least) < 0)
    throw new ReleaseRefusal(
      `${written} is too low: the entries in ${changesFolder} ask for a ${bump} release, ${formatVersion(least)}.`,
    )
}

async function refuseOldSource(git: Git, { source, lastOfMajor }: ReleasePlan): Promise<void> {
  if (lastOfMajor === undefined) return
  if (!(await gitAgrees(git, ['merge-base', '--is-ancestor', lastOfMajor.source, source])))
    throw new ReleaseRefusal(
      `${source} does not contain ${lastOfMajor.source}, which ${exactTag(lastOfMajor.version)} was built from: the release would take something back.`,
    )
}
