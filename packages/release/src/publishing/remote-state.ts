import { type Git, gitAgrees } from './git.ts'
import { type ReleaseRecord, readReleases } from './release-record.ts'
import { parseLine } from './version.ts'

/** What has been published, as one look at the remote shows it. */
export interface RemoteState {
  readonly defaultBranch: string
  /** Commit of each branch that releases may be made from: the default one, and `1.x` and `1.2.x` for maintenance. */
  readonly branches: ReadonlyMap<string, string>
  /** Commit of each tag that begins with `v`. */
  readonly tags: ReadonlyMap<string, string>
  /** The highest version first. */
  readonly releases: readonly ReleaseRecord[]
}

/**
 * Reads branches, tags and releases of a remote. Their commits are fetched; no ref of this repository changes.
 *
 * @param remote a remote's name or address
 * @throws GitError when it cannot be reached
 */
export async function readRemote(git: Git, remote: string): Promise<RemoteState> {
  const listing = await git(['ls-remote', '--symref', remote, 'HEAD', 'refs/heads/*', 'refs/tags/v*'])
  const lines = listing.split('\n').map((line) => line.split('\t') as [string, string])
  const defaultRef = lines
    .find(([value, name]) => name === 'HEAD' && value.startsWith('ref: '))?.[0]
    .slice('ref: '.length)
  if (defaultRef === undefined) throw new Error(`${remote} has no default branch: nothing has been pushed to it.`)
  const defaultBranch = defaultRef.replace('refs/heads/', '')
  const named = (prefix: string) =>
    lines.flatMap(([commit, name]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), commit] as const] : []))
  const isReleasable = (name: string): boolean => name === defaultBranch || parseLine(name) !== undefined
  const branches = new Map(named('refs/heads/').filter(([name]) => isReleasable(name)))
  // An annotated tag, which we never make, is listed a second time with ^{} and the commit that it is for.
  const tags = new Map(named('refs/tags/').map(([name, commit]) => [name.replace(/\^\{\}$/, ''), commit]))
  const wanted = new Set([...branches.values(), ...tags.values()])
  const input = [...wanted].map((commit) => `${commit}\n`).join('')
  await git(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--stdin', remote], { input })
  return { defaultBranch, branches, tags, releases: await readReleases(git, tags) }
}

/** The branches that `commit` has been pushed to, the default one first. */
export async function findBranches(
  git: Git,
  { defaultBranch, branches }: RemoteState,
  commit: string,
): Promise<readonly string[]> {
  const names = [...branches.keys()].sort((a, b) => Number(b === defaultBranch) - Number(a === defaultBranch))
  const found: string[] = []
  for (const name of names)
    if (await gitAgrees(git, ['merge-base', '--is-ancestor', commit, branches.get(name) ?? ''])) found.push(name)
  return found
}
