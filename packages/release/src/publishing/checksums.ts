import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listFiles } from '../folder-digest.ts'

/** SHA-256 of each file of a folder, a line a file, as `sha256sum` writes and checks them. */
export async function hashFiles(folder: string): Promise<string> {
  const files = (await listFiles(folder, '.')).sort()
  const lines = files.map(async (file) => {
    const hash = createHash('sha256').update(await readFile(join(folder, file)))
    return `${hash.digest('hex')}  ${file}\n`
  })
  return (await Promise.all(lines)).join('')
}

/** The paths whose line is in one of two lists and not in the other. */
export function differingFiles(a: string, b: string): readonly string[] {
  const lines = (sums: string): readonly string[] => sums.split('\n').filter((line) => line !== '')
  const [left, right] = [lines(a), lines(b)]
  const differing = [...left.filter((line) => !right.includes(line)), ...right.filter((line) => !left.includes(line))]
  return [...new Set(differing.map((line) => line.slice(line.indexOf('  ') + 2)))].sort()
}
