import { chownSync, closeSync, fchownSync, mkdirSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A folder in one file. A data folder is a thousand small files, and making and removing as many for each snapshot is
 * what a file system is slowest at: ext4 looks for an inode past all that were freed in the last seconds.
 *
 * A record is a length, a JSON header and, for a file, its bytes; a file longer than a chunk has several records.
 */
interface Header {
  /** With `/` between its parts; absent in the last record, which says that the archive is complete. */
  readonly path?: string
  readonly kind?: 'folder' | 'file'
  readonly length?: number
}

/** Whom unpacked files belong to; undefined when the lab does not run as root and everything is its own. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface PackOptions {
  readonly folder: string
  readonly archive: string
  /** Paths below `folder`, as regular expressions: what matches is left out; a folder goes with all it holds. */
  readonly leaveOut: readonly string[]
  /** Where in the archive the folder goes; default: to its root. */
  readonly at?: string
}

const CHUNK_BYTES = 1 << 20

/**
 * Appends a folder to an archive while somebody may be writing to it: a file that vanishes is left out, one that grows
 * or shrinks is taken as far as it reached when its end was read. (`fs.copyFile` could not do this: it trusts the size
 * that it saw first, and loops for ever on a file that is truncated under it.)
 */
export function packFolder(options: PackOptions): void {
  const leaveOut = options.leaveOut.map((pattern) => new RegExp(`^(?:${pattern})$`))
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  const target = openSync(options.archive, 'a', 0o600)
  try {
    const waiting = ['']
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      for (const entry of entriesOf(join(options.folder, folder))) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        if (leaveOut.some((pattern) => pattern.test(path))) continue
        const packed = options.at === undefined ? path : `${options.at}/${path}`
        if (entry.isDirectory()) {
          writeRecord(target, { path: packed, kind: 'folder' })
          waiting.push(path)
        } else if (entry.isFile()) {
          packFile(target, join(options.folder, path), packed, buffer)
        } else {
          throw new Error(`${join(options.folder, path)} is neither a file nor a folder; a copy without it is not one`)
        }
      }
    }
  } finally {
    closeSync(target)
  }
}

/** Appends one file, and the mark that the archive is complete. */
export function completeArchive(archive: string, last?: { readonly path: string; readonly content: string }): void {
  const target = openSync(archive, 'a', 0o600)
  try {
    if (last) writeRecord(target, { path: last.path, kind: 'file' }, Buffer.from(last.content))
    writeRecord(target, {})
  } finally {
    closeSync(target)
  }
}

/** @throws Error when the archive is not complete */
export function unpackArchive(archive: string, folder: string, owner: Owner | undefined): void {
  const source = openSync(archive, 'r')
  let open: { readonly path: string; readonly file: number } | undefined
  const own = (path: string) => owner && chownSync(path, owner.uid, owner.gid)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    own(folder)
    for (;;) {
      const { path, kind, length = 0 } = readHeader(source)
      if (path === undefined) return
      const target = join(folder, path)
      if (kind === 'folder') {
        mkdirSync(target, { recursive: true, mode: 0o700 })
        own(target)
        continue
      }
      if (open?.path !== path) {
        if (open) closeSync(open.file)
        open = { path, file: openSync(target, 'w', 0o600) }
        if (owner) fchownSync(open.file, owner.uid, owner.gid)
      }
      writeSync(open.file, readBytes(source, length))
    }
  } finally {
    if (open) closeSync(open.file)
    closeSync(source)
  }
}

function entriesOf(folder: string) {
  return unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []
}

function packFile(target: number, path: string, packed: string, buffer: Buffer): void {
  const source = unlessGone(() => openSync(path, 'r'))
  if (source === undefined) return
  try {
    for (let first = true; ; first = false) {
      const length = readSync(source, buffer)
      if (length === 0 && !first) return
      writeRecord(target, { path: packed, kind: 'file' }, buffer.subarray(0, length))
    }
  } finally {
    closeSync(source)
  }
}

function writeRecord(target: number, header: Header, content: Buffer = Buffer.alloc(0)): void {
  const json = Buffer.from(JSON.stringify({ ...header, length: content.length }))
  const size = Buffer.alloc(4)
  size.writeUInt32BE(json.length)
  writeSync(target, Buffer.concat([size, json, content]))
}

function readHeader(source: number): Header {
  return JSON.parse(readBytes(source, readBytes(source, 4).readUInt32BE()).toString('utf8'))
}

function readBytes(source: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let filled = 0; filled < length; ) {
    const count = readSync(source, bytes, filled, length - filled, null)
    if (count === 0) throw new Error('The archive ends before the mark that it is complete')
    filled += count
  }
  return bytes
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
