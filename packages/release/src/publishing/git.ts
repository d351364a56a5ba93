import { getExecOutput } from '@actions/exec'

/** git said no; the message has git's own. */
export class GitError extends Error {
  override readonly name = 'GitError'
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
 * git in `folder`, whatever surrounding git command (a hook) has set GIT_DIR and the like.
 *
 * The promise gives what git printed, without the last line break. @throws GitError
 */
export function gitIn(folder: string): Git {
  return async (args, { input, environment = {} } = {}) => {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(name),
    )
    const env = { ...Object.fromEntries(inherited), GIT_TERMINAL_PROMPT: '0', ...environment }
    const { exitCode, stdout, stderr } = await getExecOutput('git', [...args], {
      cwd: folder,
      env,
      ...(input !== undefined && { input: Buffer.from(input) }),
      silent: true,
      ignoreReturnCode: true,
    })
    if (exitCode !== 0) throw new GitError(`git ${args[0]} failed (${exitCode}): ${stderr.trim()}`)
    return stdout.replace(/\n$/, '')
  }
}

/** Whether a git command that answers with its exit code (`merge-base --is-ancestor`) says yes. */
export async function gitAgrees(git: Git, args: readonly string[]): Promise<boolean> {
  try {
    await git(args)
    return true
  } catch (error) {
    if (error instanceof GitError && error.message.includes('failed (1)')) return false
    throw error
  }
}
