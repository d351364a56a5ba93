/** A release's version: three numbers, no pre-releases. @see https://semver.org */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** How much a change asks of those who use it, the least first. */
export const bumps = ['patch', 'minor', 'major'] as const
export type Bump = (typeof bumps)[number]

/** The version in `1.2.3`, without a leading `v`; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const match = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(text)
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) }
}

export function formatVersion({ major, minor, patch }: Version): string {
  return `${major}.${minor}.${patch}`
}

/** Negative when `a` is the lower one. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}

export function bumpVersion({ major, minor, patch }: Version, bump: Bump): Version {
  if (bump === 'major') return { major: major + 1, minor: 0, patch: 0 }
  if (bump === 'minor') return { major, minor: minor + 1, patch: 0 }
  return { major, minor, patch: patch + 1 }
}

/** What stays the same in every release: the tag of one version, which never moves. */
export function exactTag(version: Version): string {
  return `v${formatVersion(version)}`
}

/** `v1.2` and `v1`, which point to the highest release of their minor and major. */
export function movingTags({ major, minor }: Version): readonly string[] {
  return [`v${major}.${minor}`, `v${major}`]
}

/** What a maintenance branch gives releases of: `1.x` of major 1, `1.2.x` of minor 1.2. */
export interface ReleaseLine {
  readonly major: number
  readonly minor: number | undefined
}

/** Undefined when a branch of this name is for no line. */
export function parseLine(branch: string): ReleaseLine | undefined {
  const match = /^(\d+)(?:\.(\d+))?\.x$/.exec(branch)
  if (match === null) return undefined
  return { major: Number(match[1]), minor: match[2] === undefined ? undefined : Number(match[2]) }
}

export function isInLine(version: Version, { major, minor }: ReleaseLine): boolean {
  return version.major === major && (minor === undefined || version.minor === minor)
}
