import { type ChangeEntry, changesFolder, largestBump } from './change-entry.ts'
import { type Git, gitAgrees } from './git.ts'
import { ReleaseRefusal } from './refusal.ts'
import { type ReleaseRecord, wantedTags } from './release-record.ts'
import { findBranches, type RemoteState } from './remote-state.ts'
import {
  bumpVersion,
  compareVersions,
  exactTag,
  formatVersion,
  isInLine,
  parseLine,
  type ReleaseLine,
  type Version,
} from './version.ts'

/** What is going to be released. */
export interface ReleasePlan {
  readonly version: Version
  /** The commit that is built. */
  readonly source: string
  /** The highest release below this version: the parent of the release commit. Undefined for the first one. */
  readonly previous: ReleaseRecord | undefined
  /** What this release follows: the highest other one of the same major, or of the same minor on the branch of a minor. */
  readonly last: ReleaseRecord | undefined
  /** The highest other release of the same major, which has `v1`. */
  readonly lastOfMajor: ReleaseRecord | undefined
  /** Whether no release has a higher version: what GitHub shows as the latest one. */
  readonly isHighest: boolean
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
  const branch = chooseBranch(remote, await findBranches(git, remote, source), given.wanted)
  if (branch === undefined)
    throw new ReleaseRefusal(
      `${source} is not on ${[...remote.branches.keys()].join(' or ')} of the remote. Push it there, through review, first.`,
    )
  const line = lineOf(remote, branch)
  const base = remote.releases.find(({ version }) => line === undefined || isInLine(version, line))
  const version = given.wanted ?? nextVersion(base, unannounced(given.entries, remote.releases, base?.version))
  if (line !== undefined && !isInLine(version, line))
    throw new ReleaseRefusal(`The branch ${branch} gives releases of ${branch} only, not ${formatVersion(version)}.`)
  const others = remote.releases.filter((release) => compareVersions(release.version, version) !== 0)
  const previous = others.find((release) => compareVersions(release.version, version) < 0)
  const scope = line?.minor === undefined ? { major: version.major, minor: undefined } : line
  const plan = {
    version,
    source,
    previous,
    last: others.find((release) => isInLine(release.version, scope)),
    lastOfMajor: others.find((release) => release.version.major === version.major),
    isHighest: previous === others[0],
    entries: unannounced(given.entries, others, version),
  }
  refuseExisting(remote, plan)
  await refuseOldSource(git, plan)
  refuseLowVersion(plan, others)
  return plan
}

/** Undefined for the default branch, which gives any. */
function lineOf({ defaultBranch }: RemoteState, branch: string): ReleaseLine | undefined {
  return branch === defaultBranch ? undefined : parseLine(branch)
}

/** Of several branches that have the commit: the most special one that the wanted version belongs to. */
function chooseBranch(
  remote: RemoteState,
  branches: readonly string[],
  wanted: Version | undefined,
): string | undefined {
  const fitting = branches.filter((branch) => {
    const line = lineOf(remote, branch)
    return line !== undefined && wanted !== undefined && isInLine(wanted, line)
  })
  return fitting.find((branch) => lineOf(remote, branch)?.minor !== undefined) ?? fitting[0] ?? branches[0]
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
  const { version, last, entries, previous } = plan
  const written = formatVersion(version)
  const floor = last ?? others[0]
  if (floor !== undefined && compareVersions(version, floor.version) < 0)
    throw new ReleaseRefusal(
      `${written} is below ${formatVersion(floor.version)}, the last release${last ? ` of ${version.major}.x. A fix for an older minor is released from a branch of its own, ${version.major}.${version.minor}.x` : ''}.`,
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

async function refuseOldSource(git: Git, { source, last }: ReleasePlan): Promise<void> {
  if (last === undefined) return
  if (!(await gitAgrees(git, ['merge-base', '--is-ancestor', last.source, source])))
    throw new ReleaseRefusal(
      `${source} does not contain ${last.source}, which ${exactTag(last.version)} was built from: the release would take something back.`,
    )
}
