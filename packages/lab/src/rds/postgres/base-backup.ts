import { randomBytes } from 'node:crypto'
import { chown, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileCopier } from './file-copier.ts'
import type { Owner } from './file-tree.ts'
import type { PostgresServer } from './server.ts'

/** What a base backup leaves out: https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA */
const LEAVE_OUT = [
  'postmaster\\.(pid|opts)',
  'pg_wal/.*',
  '(pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)/.*',
  '.*pgsql_tmp.*',
  '(.*/)?pg_internal\\.init',
]

/**
 * Copies a running server's data folder as `pg_basebackup` does, without getting in the way of those who write: started
 * on the copy, a server recovers to the moment at which the copy was complete. Every transaction is in it whole or not
 * at all, and if one is in it, so is each that was committed before.
 * https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function takeBaseBackup(
  server: PostgresServer,
  to: string,
  copier: FileCopier,
  owner: Owner | undefined,
): Promise<void> {
  await server.asAdmin(async (query) => {
    const label = `backup_${randomBytes(8).toString('hex')}`
    // A temporary slot keeps the write-ahead log that the copy needs from being recycled; it goes with the session.
    await query('SELECT pg_create_physical_replication_slot($1, true, true)', [label])
    await query('SELECT pg_backup_start($1, true)', [label])
    await copier.copy({ from: server.dataFolder, to, leaveOut: LEAVE_OUT, owner })
    const [stopped] = await query('SELECT lsn, pg_walfile_name(lsn) AS last, labelfile FROM pg_backup_stop(false)')
    await copyLog(server.dataFolder, to, firstSegment(stopped?.labelfile), stopped?.last, copier, owner)
    const labelFile = join(to, 'backup_label')
    await writeFile(labelFile, stopped?.labelfile, { mode: 0o600 })
    if (owner) await chown(labelFile, owner.uid, owner.gid)
  })
}

/** The label's first line: `START WAL LOCATION: 0/2000028 (file 000000010000000000000002)`. */
function firstSegment(label: string): string {
  const name = /^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/.exec(label)?.[1]
  if (name === undefined) throw new Error(`PostgreSQL's backup label does not name its first WAL file:\n${label}`)
  return name
}

/** The segments from the start of the backup to its end, and none after: recovery ends where they end. */
async function copyLog(
  from: string,
  to: string,
  first: string,
  last: string,
  copier: FileCopier,
  owner: Owner | undefined,
): Promise<void> {
  const segments = (await readdir(join(from, 'pg_wal'))).filter(
    (name) => /^[0-9A-F]{24}$/.test(name) && name >= first && name <= last,
  )
  if (segments.at(0) === undefined) throw new Error(`No WAL file from ${first} to ${last} is there any more`)
  const others = `(?!(?:${segments.join('|')})$).*`
  await copier.copy({ from: join(from, 'pg_wal'), to: join(to, 'pg_wal'), leaveOut: [others], owner })
}
