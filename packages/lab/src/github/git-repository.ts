import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GitError, runGit } from '../git-process.ts'

/** A commit as git has it. Dates are ISO 8601. */
export interface GitCommit {
  readonly sha: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: GitPerson
  readonly committer: GitPerson
  readonly message: string
}

export interface GitPerson {
  readonly name: string
  readonly email: string
  readonly date: string
}

export interface GitTreeEntry {
  readonly path: string
  readonly mode: string
  readonly type: string
  readonly sha: string
  readonly size?: number
}

interface GitInput {
  readonly input?: string | Buffer
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** A real bare repository, worked on with git's own commands. */
export class GitRepository {
  readonly directory: string
  #filled = false

  constructor(directory: string) {
    this.directory = directory
  }

  static async create(directory: string, defaultBranch: string): Promise<GitRepository> {
    const repository = new GitRepository(directory)
    await repository.run(['init', '--quiet', '--bare', `--initial-branch=${defaultBranch}`, directory])
    return repository
  }

  /** Gives what git printed. @throws GitError when it ends with another code than 0 */
  async run(args: readonly string[], options: GitInput = {}): Promise<string> {
    return (await this.#runRaw(args, options)).toString('utf8')
  }

  #runRaw(args: readonly string[], { input, env }: GitInput = {}): Promise<Buffer> {
    const inDirectory = args[0] === 'init' ? args : ['--git-dir', this.directory, ...args]
    return runGit(inDirectory, { environment: { ...gitEnvironment(), ...env }, ...(input !== undefined && { input }) })
  }

  /** The object that a name (`refs/heads/main`, a sha, a branch) leads to, or undefined. */
  async resolve(name: string, type: 'commit' | 'tree' | 'blob' | '' = ''): Promise<string | undefined> {
    if (name.startsWith('-') || name.includes('\0')) return undefined
    const suffix = type === '' ? '' : `^{${type}}`
    const found = await this.#ask(['rev-parse', '--quiet', '--verify', '--end-of-options', `${name}${suffix}`])
    return found?.trim()
  }

  /** What lies at a path of a commit (`''` is its root), or undefined. */
  async findInCommit(commit: string, path: string): Promise<{ sha: string; type: string } | undefined> {
    const sha = await this.resolve(`${commit}:${path}`)
    return sha === undefined ? undefined : { sha, type: (await this.run(['cat-file', '-t', sha])).trim() }
  }

  /** Whether nothing was ever committed; asked once more only as long as it is so. */
  async isEmpty(): Promise<boolean> {
    this.#filled ||= (await this.run(['for-each-ref', '--count=1'])) !== ''
    return !this.#filled
  }

  async readCommit(sha: string): Promise<GitCommit> {
    const [commit] = await this.listCommits(['-1', sha])
    if (!commit) throw new Error(`${sha} is no commit`)
    return commit
  }

  /** @param args for git log: a range, `--skip=…`, `--max-count=…` */
  async listCommits(args: readonly string[]): Promise<GitCommit[]> {
    const fields = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00')
    const output = await this.run(['log', `--format=${fields}%x01`, ...args])
    return output
      .split('\u0001')
      .map((record) => record.replace(/^\n/, '').split('\0'))
      .filter((record) => record.length === 10)
      .map(
        ([sha = '', tree = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', message = '']) => ({
          sha,
          tree,
          parents: parents.split(' ').filter((parent) => parent !== ''),
          author: { name: an, email: ae, date: ad },
          committer: { name: cn, email: ce, date: cd },
          message: message.trimEnd(),
        }),
      )
  }

  async createCommit(commit: {
    readonly message: string
    readonly tree: string
    readonly parents: readonly string[]
    readonly author: GitPerson
    readonly committer: GitPerson
  }): Promise<string> {
    const parents = commit.parents.flatMap((parent) => ['-p', parent])
    const env = {
      GIT_AUTHOR_NAME: commit.author.name,
      GIT_AUTHOR_EMAIL: commit.author.email,
      GIT_AUTHOR_DATE: commit.author.date,
      GIT_COMMITTER_NAME: commit.committer.name,
      GIT_COMMITTER_EMAIL: commit.committer.email,
      GIT_COMMITTER_DATE: commit.committer.date,
    }
    return (await this.run(['commit-tree', commit.tree, ...parents], { input: commit.message, env })).trim()
  }

  async writeBlob(content: Buffer): Promise<string> {
    return (await this.run(['hash-object', '-w', '--stdin'], { input: content })).trim()
  }

  readBlob(sha: string): Promise<Buffer> {
    return this.#runRaw(['cat-file', 'blob', sha])
  }

  async listTree(sha: string, recursive: boolean): Promise<GitTreeEntry[]> {
    const output = await this.run(['ls-tree', '-z', '-l', ...(recursive ? ['-r', '-t'] : []), sha])
    return output
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => {
        const tab = line.indexOf('\t')
        const [meta, path] = [line.slice(0, tab), line.slice(tab + 1)]
        const [mode = '', type = '', object = '', size = '-'] = meta.split(/ +/)
        return { path, mode, type, sha: object, ...(size !== '-' && { size: Number(size) }) }
      })
  }

  /** A tree from another one and changes; a change without a sha removes the path. */
  async writeTree(
    baseTree: string | undefined,
    changes: readonly { path: string; mode: string; sha: string | null }[],
  ): Promise<string> {
    const index = join(this.directory, `index-${randomUUID()}`)
    const env = { GIT_INDEX_FILE: index }
    try {
      if (baseTree !== undefined) await this.run(['read-tree', baseTree], { env })
      const lines = changes.map(
        ({ path, mode, sha }) => `${sha === null ? '0' : mode} ${sha ?? '0'.repeat(40)}\t${path}`,
      )
      await this.run(['update-index', '-z', '--index-info'], { env, input: lines.map((line) => `${line}\0`).join('') })
      return (await this.run(['write-tree'], { env })).trim()
    } finally {
      await rm(index, { force: true })
    }
  }

  async mergeBase(a: string, b: string): Promise<string | undefined> {
    return (await this.#ask(['merge-base', a, b]))?.trim()
  }

  async isAncestor(ancestor: string, commit: string): Promise<boolean> {
    return (await this.#ask(['merge-base', '--is-ancestor', ancestor, commit])) !== undefined
  }

  /** Undefined when git says no, which is an answer; that it cannot be started is none. */
  async #ask(args: readonly string[]): Promise<string | undefined> {
    try {
      return await this.run(args)
    } catch (error) {
      if (error instanceof GitError && error.exitCode !== undefined) return undefined
      throw error
    }
  }
}

/** Nothing of the machine's own settings: neither its git configuration nor variables that point elsewhere. */
function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  }
}
