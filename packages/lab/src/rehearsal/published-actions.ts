import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { git, tryGit } from './git.ts'

/** The files of a repository of actions at a ref that a workflow names. */
export type PublishedTree =
  | { readonly kind: 'tree'; readonly directory: string; readonly commit: string }
  | { readonly kind: 'missing'; readonly message: string }

export type PublishedActions = (ref: string) => Promise<PublishedTree>

/**
 * Gives the files of a git repository at a tag, a branch or a full commit hash, in this order, as GitHub's runner
 * downloads them.
 *
 * @param repository a folder with a git repository, bare or not; it is only read
 * @param directory where the files are laid, a folder a commit
 */
export function readPublishedActions(repository: string, directory: string): PublishedActions {
  const laid = new Map<string, Promise<void>>()
  return async (ref) => {
    const commit = await findCommit(repository, ref)
    if (commit === undefined) return { kind: 'missing', message: await describeMissing(repository, ref) }
    const files = join(directory, commit)
    if (!laid.has(commit)) laid.set(commit, layFiles(repository, commit, files))
    await laid.get(commit)
    return { kind: 'tree', directory: files, commit }
  }
}

async function findCommit(repository: string, ref: string): Promise<string | undefined> {
  for (const name of [`refs/tags/${ref}`, `refs/heads/${ref}`, ...(/^[0-9a-f]{40}$/.test(ref) ? [ref] : [])]) {
    const isRef = name !== ref
    // A name is looked up as it is: `v1~2` is not two commits before v1.
    const object = isRef ? await tryGit(repository, ['show-ref', '--verify', '--hash', name]) : name
    if (object === undefined) continue
    const commit = await tryGit(repository, ['rev-parse', '--verify', '--quiet', `${object}^{commit}`])
    if (commit !== undefined) return commit
  }
  return undefined
}

async function describeMissing(repository: string, ref: string): Promise<string> {
  const list = await tryGit(repository, ['tag', '--list'])
  if (list === undefined) return `${repository}, which --actions-from names, is no git repository`
  if (/^[0-9a-f]{7,39}$/.test(ref)) return `GitHub takes commits by their full hash only; '${ref}' is a part of one`
  const tags = list === '' ? 'it has no tags' : `its tags are ${list.split('\n').join(', ')}`
  return `${repository} has no tag, branch or commit '${ref}'; ${tags}`
}

async function layFiles(repository: string, commit: string, files: string): Promise<void> {
  await mkdir(files, { recursive: true })
  const gitDirectory = await git(repository, ['rev-parse', '--absolute-git-dir'])
  const where = [`--git-dir=${gitDirectory}`, `--work-tree=${files}`, '-c', 'core.autocrlf=false']
  // An index of its own: the one of the repository is its owner's.
  await git(files, [...where, 'checkout', '--quiet', '--force', commit, '--', '.'], {
    GIT_INDEX_FILE: `${files}.index`,
  })
}
