import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** git said no; the message is git's own. */
export class GitError extends Error {
  override readonly name = 'GitError'
}

/**
 * Runs git in `directory`, untouched by GIT_DIR and the like of a surrounding git command.
 * @returns what git printed, without the last line break
 * @throws GitError
 */
export async function git(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  try {
    const { stdout } = await execute('git', [...args], {
      cwd: directory,
      env: { ...Object.fromEntries(inherited), ...environment },
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout.replace(/\n$/, '')
  } catch (error) {
    const { stderr, code, message } = error as { stderr?: string; code?: unknown; message: string }
    if (code === 'ENOENT') throw new GitError('git is not installed, or the folder does not exist', { cause: error })
    throw new GitError(stderr?.trim() || message, { cause: error })
  }
}

/** As git, undefined instead of an error. */
export async function tryGit(directory: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return await git(directory, args)
  } catch (error) {
    if (error instanceof GitError) return undefined
    throw error
  }
}
