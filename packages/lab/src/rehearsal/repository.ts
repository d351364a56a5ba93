import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, relative, sep } from 'node:path'
import { git, tryGit } from './git.ts'
import { Refusal } from './refusal.ts'

/** The repository that a workflow file lies in: the parent of `.github/workflows`. */
export interface Repository {
  readonly root: string
  /** `owner/name`: from the remote `origin`, else made up from the folder's name. */
  readonly slug: string
  /** Path of the workflow file in the repository. */
  readonly workflowPath: string
  readonly defaultBranch: string
  /** Undefined when there is no git repository, or no commit in it yet: then nothing can be checked out. */
  readonly head: Head | undefined
}

/** What is committed. */
export interface Head {
  readonly commit: string
  readonly branch: string | undefined
  /** The folder in the git work tree, ending in `/`; empty when the repository is the whole work tree. */
  readonly prefix: string
  /** Something in the work tree differs from the commit. */
  readonly isDirty: boolean
}

/** @throws Refusal when there is no such file */
export async function openRepository(workflowFile: string): Promise<Repository> {
  const refuse = (message: string) => {
    throw new Refusal([{ file: workflowFile, line: undefined, column: undefined, message }])
  }
  const file = await realpath(workflowFile).catch(() => refuse('There is no such workflow file'))
  if (!(await stat(file)).isFile()) refuse('It is no file; name one of the workflows')
  const root = await findRoot(file)
  const head = await readHead(root)
  return {
    root,
    slug: (await remoteSlug(root)) ?? `octo-org/${basename(root)}`,
    workflowPath: relative(root, file).split(sep).join('/'),
    defaultBranch: (await findDefaultBranch(root)) ?? head?.branch ?? 'main',
    head,
  }
}

/** The folder that holds `.github/workflows`; for a file that lies elsewhere its work tree, else its own folder. */
async function findRoot(file: string): Promise<string> {
  const directory = dirname(file)
  if (basename(directory) === 'workflows' && basename(dirname(directory)) === '.github')
    return dirname(dirname(directory))
  return (await tryGit(directory, ['rev-parse', '--show-toplevel'])) ?? directory
}

async function readHead(root: string): Promise<Head | undefined> {
  const commit = await tryGit(root, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])
  if (commit === undefined) return undefined
  const prefix = await git(root, ['rev-parse', '--show-prefix'])
  // A folder that is not committed is as good as no repository.
  if (prefix !== '' && (await tryGit(root, ['rev-parse', '--verify', '--quiet', `HEAD:${prefix}`])) === undefined)
    return undefined
  return {
    commit,
    branch: await tryGit(root, ['symbolic-ref', '--short', '--quiet', 'HEAD']),
    prefix,
    isDirty: (await git(root, ['status', '--porcelain', '--', '.'])) !== '',
  }
}

async function findDefaultBranch(root: string): Promise<string | undefined> {
  const remote = await tryGit(root, ['symbolic-ref', '--short', '--quiet', 'refs/remotes/origin/HEAD'])
  if (remote !== undefined) return remote.replace(/^origin\//, '')
  for (const branch of ['main', 'master'])
    if ((await tryGit(root, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`])) !== undefined) return branch
  return undefined
}

async function remoteSlug(root: string): Promise<string | undefined> {
  const url = await tryGit(root, ['remote', 'get-url', 'origin'])
  return url === undefined ? undefined : /github\.com[:/]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url)?.[1]
}

/** A file of the repository as committed; undefined when it is not there. */
export async function readCommitted(repository: Repository, path: string): Promise<string | undefined> {
  const { head, root } = repository
  if (head === undefined) return undefined
  const text = await tryGit(root, ['show', `${head.commit}:${head.prefix}${path}`])
  return text === undefined ? undefined : `${text}\n`
}
