import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listFiles } from '../folder-digest.ts'
import { type Candidate, candidateFiles, readCandidate } from './candidate.ts'
import { type Git, GitError, gitIn } from './git.ts'
import { ReleaseRefusal } from './refusal.ts'
import { renderMessage, wantedTags } from './release-record.ts'
import { findBranches, type RemoteState, readRemote } from './remote-state.ts'
import { compareVersions, exactTag, parseVersion, type Version } from './version.ts'

export interface PublishOptions {
  /** A repository with the objects that the release commit's parent needs; no ref, and no file of it changes. */
  readonly repository: string
  readonly remote: string
  /** The folder of the candidate. */
  readonly folder: string
  readonly print: (line: string) => void
}

/**
 * Commits the tree of a candidate and pushes its tags, all of them or none.
 *
 * The commit is a function of the candidate, so that a second run makes the same one: what is there already is left
 * alone, and what is missing is added.
 *
 * @throws ReleaseRefusal when the version is another commit's, or the remote has changed since the candidate was made
 */
export async function publishRelease({ repository, remote, folder, print }: PublishOptions): Promise<void> {
  const git = gitIn(repository)
  const candidate = await readCandidate(folder)
  const version = parseVersion(candidate.version)
  if (version === undefined) throw new ReleaseRefusal(`${candidate.version} is no version.`)
  const state = await readRemote(git, remote)
  const message = renderMessage({ ...candidate, version })
  const tree = await writeTree(git, join(folder, candidateFiles.tree))
  const commit = await writeCommit(git, { tree, parent: candidate.parent, date: candidate.date, message })

  const tag = exactTag(version)
  const existing = state.releases.find((release) => compareVersions(release.version, version) === 0)
  if (existing !== undefined && existing.commit !== commit)
    throw new ReleaseRefusal(
      `${tag} is already released, as another commit (${existing.commit}), and a release never changes.`,
    )
  if (existing === undefined) await refuseStale(git, state, { ...candidate, version })

  const wanted = wantedTags(state.releases, version, commit)
  const missing = wanted.filter(([name, target]) => state.tags.get(name) !== target)
  if (missing.length === 0) return print(`${tag} is published already, completely: ${commit}`)
  await pushTags(git, remote, state, missing)
  print(`Published ${missing.map(([name]) => name).join(', ')}: ${commit}`)
}

/** What was true when the candidate was made must be so still. */
async function refuseStale(
  git: Git,
  state: RemoteState,
  { version, source, parent, lastOfMajor }: Omit<Candidate, 'version'> & { readonly version: Version },
): Promise<void> {
  const previous = state.releases.find((release) => compareVersions(release.version, version) < 0)
  const last = state.releases.find((release) => release.version.major === version.major)
  const changed = [
    { now: last, made: lastOfMajor },
    { now: previous, made: parent },
  ].find(({ now, made }) => (now?.commit ?? null) !== made)
  if (changed !== undefined) {
    const newer = exactTag(changed.now?.version ?? version)
    throw new ReleaseRefusal(`The releases have changed since this candidate was made (${newer}). Prepare it again.`)
  }
  if ((await findBranches(git, state, source)).length === 0)
    throw new ReleaseRefusal(`${source} is no longer on a branch that is released from.`)
}

/** Writes exactly the bytes of a folder's files, whatever attributes and settings say. @returns the tree's hash */
async function writeTree(git: Git, folder: string): Promise<string> {
  const files = (await listFiles(folder, '.')).sort()
  const paths = files.map((file) => `${join(folder, file)}\n`).join('')
  const blobs = (await git(['hash-object', '-w', '--no-filters', '--stdin-paths'], { input: paths })).split('\n')
  const scratch = await mkdtemp(join(tmpdir(), 'deploy-kit-index-'))
  try {
    const environment = { GIT_INDEX_FILE: join(scratch, 'index') }
    const input = files.map((file, i) => `100644 ${blobs[i]}\t${file}\n`).join('')
    await git(['update-index', '--add', '--index-info'], { input, environment })
    return await git(['write-tree'], { environment })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Whose name the release commits have: GitHub's own for what a workflow commits. */
const committer = { name: 'github-actions[bot]', email: '41898282+github-actions[bot]@users.noreply.github.com' }

async function writeCommit(
  git: Git,
  { tree, parent, date, message }: { readonly tree: string; parent: string | null; date: string; message: string },
): Promise<string> {
  const { name, email } = committer
  const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date }
  const environment = { ...author, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email, GIT_COMMITTER_DATE: date }
  // A signature would make another commit of it each time; attestations say who has built what.
  const parents = parent === null ? [] : ['-p', parent]
  return git(['-c', 'commit.gpgSign=false', 'commit-tree', tree, ...parents], { input: message, environment })
}

/** All tags or none; and none if one of them has been moved since `state` was read. */
async function pushTags(
  git: Git,
  remote: string,
  state: RemoteState,
  tags: readonly (readonly [name: string, commit: string])[],
): Promise<void> {
  const leases = tags.map(([name]) => `--force-with-lease=refs/tags/${name}:${state.tags.get(name) ?? ''}`)
  const refs = tags.map(([name, commit]) => `${commit}:refs/tags/${name}`)
  try {
    await git(['push', '--quiet', '--no-verify', '--atomic', ...leases, remote, ...refs])
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause
    // A connection that was lost says nothing about what the remote has done.
    const now = await readRemote(git, remote).catch(() => undefined)
    if (now && tags.every(([name, commit]) => now.tags.get(name) === commit)) return
    const outcome = now
      ? 'No tag was published: the remote refused one of them.'
      : 'The remote cannot be reached, so whether the tags were published is not known. Run it again: nothing is made twice.'
    throw new Error(`${outcome}\n${cause.message}`, { cause })
  }
}
