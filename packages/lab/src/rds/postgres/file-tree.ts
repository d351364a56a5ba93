import {
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join, relative } from 'node:path'

/** Whom the files of a copy belong to; absent when the lab does not run as root and everything is its own. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface TreeCopy {
  readonly from: string
  readonly to: string
  /** Paths relative to `from`, as regular expressions: what matches is left out; a folder goes with all it holds. */
  readonly leaveOut?: readonly string[]
  readonly owner?: Owner | undefined
  /** For programs: everybody may read and run the copies, and links stay links. */
  readonly programs?: boolean
}

const CHUNK_BYTES = 1 << 20

/**
 * Copies a folder while somebody may be writing to it: a file that vanishes is left out, one that grows or shrinks is
 * copied as far as it reached when its end was read. `fs.copyFile` cannot do this: it loops for ever on a file that
 * is truncated under it, because it trusts the size it saw first.
 */
export function copyTree(copy: TreeCopy): void {
  const leaveOut = (copy.leaveOut ?? []).map((pattern) => new RegExp(`^(?:${pattern})$`))
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  makeFolder(copy.to, copy)
  const folders = [copy.from]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const from = join(folder, entry.name)
      const path = relative(copy.from, from)
      if (leaveOut.some((pattern) => pattern.test(path))) continue
      const to = join(copy.to, path)
      if (entry.isDirectory()) {
        makeFolder(to, copy)
        folders.push(from)
      } else if (entry.isFile()) {
        copyFile(from, to, copy, buffer)
      } else if (entry.isSymbolicLink() && copy.programs) {
        symlinkSync(readlinkSync(from), to)
      } else {
        throw new Error(`${from} is neither a file nor a folder, and a copy without it would not be complete`)
      }
    }
  }
}

function entriesOf(folder: string) {
  return unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []
}

function makeFolder(path: string, copy: TreeCopy): void {
  mkdirSync(path, { recursive: true, mode: copy.programs ? 0o755 : 0o700 })
  if (copy.owner) chownSync(path, copy.owner.uid, copy.owner.gid)
}

function copyFile(from: string, to: string, copy: TreeCopy, buffer: Buffer): void {
  const source = unlessGone(() => openSync(from, 'r'))
  if (source === undefined) return
  try {
    const target = openSync(to, 'w', 0o600)
    try {
      for (let length = readSync(source, buffer); length > 0; length = readSync(source, buffer)) {
        writeSync(target, buffer, 0, length)
      }
      if (copy.programs) fchmodSync(target, 0o755)
      if (copy.owner) fchownSync(target, copy.owner.uid, copy.owner.gid)
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
