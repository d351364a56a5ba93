import { execFile } from 'node:child_process'

/** git said no, or could not be started; the message is git's own. */
export class GitError extends Error {
  override readonly name = 'GitError'
  /** What git ended with; undefined when it was not started. Commands that answer a question say no with 1. */
  readonly exitCode: number | undefined

  constructor(message: string, exitCode: number | undefined, cause: unknown) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

export interface GitProcess {
  readonly cwd?: string
  /** All that git gets to know of the environment. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What it reads from its standard input. */
  readonly input?: string | Buffer
}

/**
 * Runs git.
 * @returns what it printed
 * @throws GitError when it ends with another code than 0
 */
export function runGit(args: readonly string[], { cwd, environment, input = '' }: GitProcess): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const options = { cwd, env: environment, encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 } as const
  const child = execFile('git', [...args], options, (error, stdout, stderr) => {
    if (error === null) return resolve(stdout)
    if (error.code === 'ENOENT')
      return reject(new GitError('git is not installed, or the folder does not exist', undefined, error))
    const exitCode = typeof error.code === 'number' ? error.code : undefined
    reject(new GitError(stderr.toString().trim() || error.message, exitCode, error))
  })
  // git may end before it has read everything, and says why by itself.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  return promise
}
