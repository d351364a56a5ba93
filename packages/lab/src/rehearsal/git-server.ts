import { existsSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { git, tryGit } from './git.ts'
import type { Head, Repository } from './repository.ts'

/** A bare repository that stands for the one on GitHub: steps fetch from it and push to it, and it ends with the run. */
export interface GitServer {
  readonly directory: string
  /** GITHUB_SHA: HEAD, or for a sub-folder of a work tree a commit that holds that folder's files alone. */
  readonly sha: string
  /** The commit before it; undefined for a first commit. */
  readonly parent: string | undefined
  readonly message: string
}

/**
 * Makes the bare repository, or fills one that is there already with what is committed, and nothing else.
 * Borrows the objects of the user's repository, so that it is quick and the user's own is never written to.
 * @throws GitError
 */
export async function createGitServer(repository: Repository, head: Head, directory: string): Promise<GitServer> {
  await mkdir(directory, { recursive: true })
  await git(directory, ['init', '--quiet', '--bare', `--initial-branch=${repository.defaultBranch}`])
  await git(directory, ['config', 'uploadpack.allowAnySHA1InWant', 'true'])
  const objects = resolve(repository.root, await git(repository.root, ['rev-parse', '--git-path', 'objects']))
  await writeFile(join(directory, 'objects', 'info', 'alternates'), `${objects}\n`)
  const shallow = resolve(repository.root, await git(repository.root, ['rev-parse', '--git-path', 'shallow']))
  if (existsSync(shallow)) await copyFile(shallow, join(directory, 'shallow'))
  for (const ref of (await git(directory, ['for-each-ref', '--format=%(refname)'])).split('\n'))
    if (ref !== '') await git(directory, ['update-ref', '-d', ref])
  if (head.prefix === '') await copyRefs(repository.root, directory)
  const sha = head.prefix === '' ? head.commit : await commitSubfolder(directory, head)
  return {
    directory,
    sha,
    parent: await tryGit(directory, ['rev-parse', '--verify', '--quiet', `${sha}~1`]),
    message: (await git(directory, ['log', '-1', '--format=%B', sha])).trimEnd(),
  }
}

async function copyRefs(root: string, server: string): Promise<void> {
  const refs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']
  await git(server, ['fetch', '--quiet', '--update-shallow', '--no-tags', root, ...refs])
}

/** The same files, author and date give the same commit every time. */
async function commitSubfolder(server: string, head: Head): Promise<string> {
  const format = ['%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%n')
  const text = await git(server, ['log', '-1', `--format=${format}`, head.commit])
  const [
    author = '',
    authorEmail = '',
    authored = '',
    committer = '',
    committerEmail = '',
    committed = '',
    ...message
  ] = text.split('\n')
  return git(server, ['commit-tree', `${head.commit}:${head.prefix}`, '-m', message.join('\n')], {
    GIT_AUTHOR_NAME: author,
    GIT_AUTHOR_EMAIL: authorEmail,
    GIT_AUTHOR_DATE: authored,
    GIT_COMMITTER_NAME: committer,
    GIT_COMMITTER_EMAIL: committerEmail,
    GIT_COMMITTER_DATE: committed,
  })
}

/** Makes `ref` name the commit of the run, as it does on GitHub when the run starts. */
export async function pointRef(server: GitServer, ref: string): Promise<void> {
  await git(server.directory, ['update-ref', ref, server.sha])
}
