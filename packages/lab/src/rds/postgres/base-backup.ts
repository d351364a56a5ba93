import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Archiver } from './archiver.ts'
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
 * Archives a running server's data folder as `pg_basebackup` does, without getting in the way of those who write:
 * started on what is unpacked, a server recovers to the moment at which the backup ended. Every transaction is in it
 * whole or not at all, and if one is in it, so is each that was committed before.
 * https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function takeBaseBackup(server: PostgresServer, archive: string, archiver: Archiver): Promise<void> {
  const folder = server.dataFolder
  await server.asAdmin(async (query) => {
    const label = `backup_${randomBytes(8).toString('hex')}`
    // A temporary slot keeps the write-ahead log that the backup needs from being recycled; it goes with the session.
    await query('SELECT pg_create_physical_replication_slot($1, true, true)', [label])
    await query('SELECT pg_backup_start($1, true)', [label])
    await archiver.do({ kind: 'pack', options: { folder, archive, leaveOut: LEAVE_OUT } })
    const [stopped] = await query('SELECT pg_walfile_name(lsn) AS last, labelfile FROM pg_backup_stop(false)')
    const logFolder = join(folder, 'pg_wal')
    const segments = await segmentsOf(logFolder, stopped!.labelfile, stopped!.last)
    const others = [`(?!(?:${segments.join('|')})$).*`]
    await archiver.do({ kind: 'pack', options: { folder: logFolder, at: 'pg_wal', archive, leaveOut: others } })
    await archiver.do({ kind: 'complete', archive, last: { path: 'backup_label', content: stopped!.labelfile } })
  })
}

/**
 * The WAL segments from the start of the backup to its end, and none after: recovery ends where they end.
 * @param label begins with `START WAL LOCATION: 0/2000028 (file 000000010000000000000002)`
 */
async function segmentsOf(logFolder: string, label: string, last: string): Promise<readonly string[]> {
  const first = /^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/.exec(label)?.[1]
  const all = (await readdir(logFolder)).filter((name) => /^[0-9A-F]{24}$/.test(name))
  if (first === undefined || !all.includes(first)) {
    throw new Error(`The first WAL file of the backup is not there: ${label.split('\n')[0]}`)
  }
  return all.filter((name) => name >= first && name <= last)
}
