import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The folder of the repository that this file is in. */
export const repositoryFolder = dirname(dirname(dirname(import.meta.dirname)))

/** Builds in progress and what the last ones were made of; not tracked, and may be deleted at any time. */
export const scratchFolder = join(repositoryFolder, '.tmp', 'release')

/** The steps of an action that GitHub starts as programs of their own, in its order. */
export const phases = ['pre', 'main', 'post'] as const
export type Phase = (typeof phases)[number]

/** Where the sources of an action are. */
export function actionFolder(action: string, repository = repositoryFolder): string {
  return join(repository, 'actions', action)
}

/**
 * The actions of a repository, by default this one, by name, sorted: `written` have an action.yml, `unwritten` are folders without one yet.
 */
export async function listActions(repository = repositoryFolder): Promise<{ written: string[]; unwritten: string[] }> {
  const entries = await readdir(join(repository, 'actions'), { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const isWritten = (name: string): boolean => existsSync(join(actionFolder(name, repository), 'action.yml'))
  names.sort()
  return { written: names.filter(isWritten), unwritten: names.filter((name) => !isWritten(name)) }
}
