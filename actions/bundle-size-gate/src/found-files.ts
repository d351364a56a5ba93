import { lstat, readdir, realpathSync, stat } from 'node:fs'
import { dirname, join } from 'node:path'
import { ActionError, CancelledError, messageOf } from '@deploy-kit/core/errors'
import { type FileSystemAdapter, glob } from 'tinyglobby'

export interface FoundFiles {
  /** Relative to the workspace, with forward slashes, sorted by code unit: the same on every system. */
  readonly paths: readonly string[]
  /** Links to folders on the way, which were not followed. */
  readonly links: readonly string[]
}

/**
 * The files that match any of `globs` and none of `exclude`, in `workspace` (absolute, without links in it).
 * A link to a file is that file; links to folders are not followed.
 *
 * @throws {ActionError} `wrong-state` for a folder that cannot be read
 * @throws {CancelledError} as soon as `signal` aborts
 */
export async function findFiles(
  globs: readonly string[],
  exclude: readonly string[],
  workspace: string,
  signal: AbortSignal,
): Promise<FoundFiles> {
  const links: string[] = []
  const unreadable: string[] = []
  const found = await glob([...globs], {
    cwd: workspace,
    ignore: [...exclude],
    followSymbolicLinks: true,
    fs: watchingFileSystem(links, unreadable),
    signal,
  })
  // The search has just stopped then, and what it found is not all there is.
  if (signal.aborted) throw new CancelledError()
  const [problem] = unreadable
  if (problem !== undefined) {
    throw new ActionError('wrong-state', `A folder that ${globs.join(', ')} looks into cannot be read: ${problem}.`, {
      advice: 'Sizes with parts left out would be wrong. Make it readable for this job, or exclude it.',
    })
  }
  const paths = withoutLinkedFolders([...new Set(found)], workspace, links)
  return { paths: paths.sort(compareCodeUnits), links }
}

/** By code unit, whatever the machine's language. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * tinyglobby asks these functions about links and folders and passes over what fails. Here a link to a folder fails
 * (so it is not entered), a broken link is a file (so that reading it says why), and a folder that cannot be read is
 * remembered.
 */
function watchingFileSystem(links: string[], unreadable: string[]): FileSystemAdapter {
  type Callback = (error: Error | null, result?: unknown) => void
  const adapter = {
    readdir: (path: string, options: { withFileTypes: true }, done: Callback) => {
      readdir(path, options, (error, entries) => {
        // Node gives such a name with U+FFFD in it, and by that name nothing is found.
        if (error?.code === 'ENOENT' && path.includes('\uFFFD')) unreadable.push(`the name ${path} is not UTF-8`)
        else if (error && error.code !== 'ENOENT' && error.code !== 'ENOTDIR') unreadable.push(messageOf(error))
        done(error, entries)
      })
    },
    realpath: (path: string, done: Callback) => done(null, path),
    stat: (path: string, done: Callback) => {
      stat(path, (error, stats) => {
        if (error) return lstat(path, done)
        if (!stats.isDirectory()) return done(null, stats)
        links.push(path)
        done(new Error(`${path} is a link to a folder`))
      })
    },
  }
  return adapter as unknown as FileSystemAdapter
}

/** A pattern's fixed beginning may lead through a link to a folder; tinyglobby starts behind it. */
function withoutLinkedFolders(paths: string[], workspace: string, links: string[]): string[] {
  const folders = [...new Set(paths.map((path) => dirname(path)))]
  const linked = new Set<string>()
  for (const folder of folders) {
    const expected = join(workspace, folder)
    if (realpathSync.native(expected) !== expected) linked.add(folder)
  }
  for (const folder of linked) links.push(folder)
  return paths.filter((path) => !linked.has(dirname(path)))
}
