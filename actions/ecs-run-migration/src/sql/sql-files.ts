import { readFile, realpath } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError, messageOf } from '@deploy-kit/core/errors'
import { glob } from 'tinyglobby'

export interface SqlFile {
  /** Relative to the workspace, with forward slashes. */
  readonly path: string
  readonly text: string
}

/**
 * The SQL files that `patterns` match, in the workspace and sorted by name, as migration tools run them.
 *
 * @throws {ActionError} bad-input for a pattern that matches nothing, or a file that lies elsewhere or is not UTF-8
 */
export async function readSqlFiles(
  patterns: readonly string[],
  { environment }: ActionContext,
): Promise<readonly SqlFile[]> {
  const workspace = await realpath(resolve(environment.GITHUB_WORKSPACE || '.'))
  const found = new Set<string>()
  const unmatched: string[] = []
  for (const pattern of patterns) {
    const matched = await glob([pattern], {
      cwd: workspace,
      dot: true,
      expandDirectories: false,
      followSymbolicLinks: true,
    })
    if (matched.length === 0) unmatched.push(`'${pattern}'`)
    for (const path of matched) found.add(path)
  }
  if (unmatched.length > 0) {
    throw refuse(
      `${unmatched.join(', ')} ${unmatched.length === 1 ? 'matches' : 'match'} no file in ${workspace}`,
      'Check out the repository before this step, or correct the pattern.',
    )
  }
  return Promise.all([...found].sort().map((path) => readSqlFile(workspace, path)))
}

async function readSqlFile(workspace: string, path: string): Promise<SqlFile> {
  let bytes: Uint8Array
  try {
    const real = await realpath(join(workspace, path))
    if (!real.startsWith(workspace + sep)) throw refuse(`${path} is a link to ${real}, outside of the workspace`)
    bytes = await readFile(real)
  } catch (error) {
    if (error instanceof ActionError) throw error
    throw refuse(`${path} cannot be read: ${messageOf(error)}`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.includes('\0')) throw new TypeError('it holds NUL characters')
    return { path, text }
  } catch (error) {
    throw refuse(`${path} is not UTF-8 text: ${messageOf(error)}`, 'Save it as UTF-8, so that it can be checked.')
  }
}

function refuse(problem: string, advice = ''): ActionError {
  return new ActionError('bad-input', `migrations: ${problem}. Nothing was run.`, { advice })
}
