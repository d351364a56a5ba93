import { join } from 'node:path'
import { type GitPerson, GitRepository } from './git-repository.ts'

export interface PullRequest {
  readonly number: number
  readonly title: string
  /** Branch names; the head may be a commit of a fork. */
  readonly baseRef: string
  readonly headRef: string
  readonly headSha: string
  readonly fork: boolean
}

export interface Issue {
  readonly number: number
  readonly title: string
  readonly body: string
  readonly state: 'open' | 'closed'
}

export interface Comment {
  readonly id: number
  readonly issue: number
  readonly author: string
  body: string
  readonly createdAt: string
  updatedAt: string
}

export interface WorkflowRun {
  readonly id: number
  readonly name: string
  readonly event: string
  readonly headSha: string
  readonly headBranch: string
  readonly conclusion: string | null
  readonly pullRequests: readonly number[]
}

const AUTHOR = { name: 'Lab', email: 'lab@example.invalid' }

/** One repository: its commits in a bare git repository, everything else in memory. */
export class GitHubRepository {
  readonly owner: string
  readonly name: string
  readonly defaultBranch: string
  readonly git: GitRepository
  readonly pulls = new Map<number, PullRequest>()
  readonly issues = new Map<number, Issue>()
  readonly comments: Comment[] = []
  /** By issue number. */
  readonly labels = new Map<number, Set<string>>()
  readonly runs = new Map<number, WorkflowRun>()
  #lastNumber = 0
  #lastId = 1000

  constructor(options: { owner: string; name: string; defaultBranch: string; git: GitRepository }) {
    this.owner = options.owner
    this.name = options.name
    this.defaultBranch = options.defaultBranch
    this.git = options.git
  }

  static async create(directory: string, fullName: string, defaultBranch: string): Promise<GitHubRepository> {
    const [owner = '', name = ''] = fullName.split('/')
    const git = await GitRepository.create(join(directory, owner, `${name}.git`), defaultBranch)
    return new GitHubRepository({ owner, name, defaultBranch, git })
  }

  get fullName(): string {
    return `${this.owner}/${this.name}`
  }

  /** Commits files (path to content) on a branch, which is made when it does not exist. Returns the sha. */
  async commit(
    branch: string,
    files: Readonly<Record<string, string>>,
    options: { message?: string; parents?: readonly string[]; date?: Date } = {},
  ): Promise<string> {
    const ref = `refs/heads/${branch}`
    const tip = await this.git.resolve(ref)
    const parents = options.parents ?? (tip === undefined ? [] : [tip])
    const entries = await Promise.all(
      Object.entries(files).map(async ([path, content]) => {
        return { path, mode: '100644', sha: await this.git.writeBlob(Buffer.from(content)) }
      }),
    )
    const base = parents[0] === undefined ? undefined : await this.git.resolve(parents[0], 'tree')
    const person: GitPerson = { ...AUTHOR, date: (options.date ?? new Date()).toISOString() }
    const sha = await this.git.createCommit({
      message: options.message ?? `Change ${Object.keys(files).join(', ')}`,
      tree: await this.git.writeTree(base, entries),
      parents,
      author: person,
      committer: person,
    })
    await this.git.run(['update-ref', ref, sha])
    return sha
  }

  /** Opens a pull request, also for a commit that only a fork's branch has. */
  openPull(pull: Partial<PullRequest> & { headSha: string; headRef: string }): PullRequest {
    this.#lastNumber += 1
    const opened = { title: 'A change', baseRef: this.defaultBranch, fork: false, ...pull, number: this.#lastNumber }
    this.pulls.set(opened.number, opened)
    return opened
  }

  /** Issues and pull requests are numbered together. */
  openIssue(issue: Pick<Issue, 'title' | 'body'>): Issue {
    this.#lastNumber += 1
    const opened = { ...issue, state: 'open' as const, number: this.#lastNumber }
    this.issues.set(opened.number, opened)
    return opened
  }

  addComment(issue: number, author: string, body: string): Comment {
    this.#lastId += 1
    const now = new Date().toISOString()
    const comment = { id: this.#lastId, issue, author, body, createdAt: now, updatedAt: now }
    this.comments.push(comment)
    return comment
  }

  commentsOf(issue: number): readonly Comment[] {
    return this.comments.filter((comment) => comment.issue === issue)
  }
}
