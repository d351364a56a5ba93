import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/**
 * SHA-256 in hexadecimal of files by name and content.
 *
 * @param paths files, or folders with all that is in them, relative to `root`; none may be missing
 * @param isCounted called with each file's path relative to `root`, with `/`; all files count by default
 */
export async function digestFiles(root: string, paths: string[], isCounted = (_path: string) => true): Promise<string> {
  const files = (await Promise.all(paths.map((path) => listFiles(root, path)))).flat().filter(isCounted).sort()
  const hash = createHash('sha256')
  for (const file of files) {
    const content = createHash('sha256').update(await readFile(join(root, file)))
    hash.update(`${content.digest('hex')} ${file}\n`)
  }
  return hash.digest('hex')
}

/** The files in a folder, or the file itself, as paths relative to `root`, with `/`. */
export async function listFiles(root: string, path: string): Promise<string[]> {
  const start = join(root, path)
  if (!(await stat(start)).isDirectory()) return [path]
  const entries = await readdir(start, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}
