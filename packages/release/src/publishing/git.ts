import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** git said no; the message has git's own. */
export class GitError extends Error {
  override readonly name = 'GitError'
  /** Null when git was killed. */
  readonly exitCode: number | null

  constructor(message: string, exitCode: number | null) {
    super(message)
    this.exitCode = exitCode
  }
}

export interface GitOptions {
  /** What git reads from its standard input. */
  readonly input?: string
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs git in a folder. */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<string>

/**
 * git in `folder`, whatever surrounding git command (a hook) has set GIT_DIR and the like. With Node's own means: what
 * publishes a release runs where no package is installed.
 *
 * The promise gives what git printed, without the last line break. @throws GitError
 */
export function gitIn(folder: string): Git {
  return async (args, { input = '', environment = {} } = {}) => {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(name),
    )
    const env = { ...Object.fromEntries(inherited), GIT_TERMINAL_PROMPT: '0', ...environment }
    const child = spawn('git', [...args], { cwd: folder, env, stdio: 'pipe' })
    // A git that ends without reading its input says why with its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    if (code !== 0) throw new GitError(`git ${args[0]} failed (${code}): ${stderr.trim()}`, code)
    return stdout.replace(/\n$/, '')
  }
}

/** Whether a git command that answers with its exit code (`merge-base --is-ancestor`) says yes. */
export async function gitAgrees(git: Git, args: readonly string[]): Promise<boolean> {
  try {
    await git(args)
    return true
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return false
    throw error
  }
}
