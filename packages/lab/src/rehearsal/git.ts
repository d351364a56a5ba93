import { GitError, runGit } from '../git-process.ts'

/**
 * Runs git in `directory` with the user's own settings, untouched by GIT_DIR and the like of a surrounding git command.
 * @returns what git printed, without the last line break
 * @throws GitError
 */
export async function git(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  const printed = await runGit(args, {
    cwd: directory,
    environment: { ...Object.fromEntries(inherited), ...environment },
  })
  return printed.toString('utf8').replace(/\n$/, '')
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
