import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ActionFile, parseActionFile, readActionFile } from '../action-file.ts'
import { MAX_PACKED_BYTES, measurePacked } from '../packed-size.ts'
import { kilobytes } from '../text-table.ts'
import { type Contract, findBreaks } from './contract-check.ts'
import type { Git } from './git.ts'
import { ReleaseRefusal } from './refusal.ts'
import type { ReleaseRecord } from './release-record.ts'
import { exactTag } from './version.ts'

/**
 * Reads the action.yml files of a release tree and makes sure that the tree is what a release may publish: actions with
 * action.yml, README.md and dist, LICENSE and README.md, nothing else, and not too large.
 *
 * @throws ReleaseRefusal
 */
export async function readTree(tree: string): Promise<Contract> {
  const names = (await readdir(tree)).sort()
  for (const name of ['LICENSE', 'README.md'])
    if (!names.includes(name)) throw new ReleaseRefusal(`The tree has no ${name}.`)
  const actions = names.filter((name) => !['LICENSE', 'README.md'].includes(name))
  if (actions.length === 0) throw new ReleaseRefusal('The tree has no actions.')
  const contract = new Map(
    await Promise.all(actions.map(async (action) => [action, await readAction(tree, action)] as const)),
  )
  await refuseOddFiles(tree)
  const packed = await measurePacked(tree, '.')
  if (packed > MAX_PACKED_BYTES)
    throw new ReleaseRefusal(`The tree is ${kilobytes(packed)} packed; ${kilobytes(MAX_PACKED_BYTES)} are allowed.`)
  return contract
}

async function readAction(tree: string, action: string): Promise<ActionFile> {
  const folder = join(tree, action)
  const found = (await stat(folder)).isDirectory() ? (await readdir(folder)).sort().join(', ') : 'a file'
  if (found !== 'README.md, action.yml, dist')
    throw new ReleaseRefusal(`The tree has ${action}: ${found}. An action is README.md, action.yml and dist.`)
  const file = await readActionFile(join(folder, 'action.yml'))
  for (const path of ['dist/licenses.txt', file.runs.pre, file.runs.main, file.runs.post]) {
    if (path === undefined || (await lstat(join(folder, path)).catch(() => undefined))?.isFile()) continue
    throw new ReleaseRefusal(`The tree has no ${action}/${path}.`)
  }
  return file
}

/** Links would point out of the tree, and GitHub's archives and the artifact of the release job drop hidden files. */
async function refuseOddFiles(tree: string): Promise<void> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true })
  const odd = entries.find((entry) => !(entry.isFile() || entry.isDirectory()) || entry.name.startsWith('.'))
  if (odd !== undefined) throw new ReleaseRefusal(`The tree has ${odd.name}, which is hidden or not a plain file.`)
}

/** The contract of a release, read from its commit. */
async function readReleasedContract(git: Git, commit: string): Promise<Contract> {
  const files = (await git(['ls-tree', '-r', '--name-only', commit])).split('\n')
  const actions = files.filter((file) => /^[^/]+\/action\.yml$/.test(file))
  const contract = new Map<string, ActionFile>()
  for (const path of actions)
    contract.set(path.replace('/action.yml', ''), parseActionFile(await git(['show', `${commit}:${path}`]), path))
  return contract
}

/** @throws ReleaseRefusal with everything that would break workflows written for the last release that this one follows */
export async function refuseBreaks(git: Git, last: ReleaseRecord | undefined, contract: Contract): Promise<void> {
  if (last === undefined) return
  const breaks = findBreaks(await readReleasedContract(git, last.commit), contract)
  if (breaks.length === 0) return
  const list = breaks.map((each) => `  ${each}`).join('\n')
  throw new ReleaseRefusal(
    `Workflows that use ${exactTag(last.version)} would break. Undo this, or release a new major:\n${list}`,
  )
}
