import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  access,
  appendFile,
  chmod,
  chown,
  constants,
  cp,
  mkdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Archiver } from './archiver.ts'
import type { PostgresBinaries } from './binaries.ts'

/** A freshly initialised data folder, to be unpacked for every new database. */
export interface Template {
  readonly archive: string
  /** Of `rdsadmin`, the superuser that nobody but the lab logs in as. */
  readonly adminPassword: string
}

/** As RDS calls the superuser that it keeps for itself. */
export const ADMIN = 'rdsadmin'

/**
 * Raised when the settings below or initdb's arguments change, so that a cached folder of another make is not used.
 */
const MAKE = 3

/**
 * Without fsync a crash of the machine may cost data, a crash of the server does not: what was committed has been
 * handed to the system. `mmap` keeps shared memory out of /dev/shm, where a killed server would leave it.
 */
const SETTINGS = `
# The lab's own
fsync = off
wal_level = replica
shared_buffers = 16MB
dynamic_shared_memory_type = mmap
io_method = sync
max_logical_replication_workers = 0
unix_socket_directories = ''
timezone = 'UTC'
log_timezone = 'UTC'
`

/** Free space and visibility maps, which the server makes when it needs them: a quarter of all files. */
const DERIVED = ['(base/.*|global)/\\d+_(fsm|vm)']

/** Passwords everywhere; a master user of RDS is not a superuser, and cannot log in as the one there is. */
const ACCESS = 'host all all 127.0.0.1/32 scram-sha-256\n'

/**
 * The template for this PostgreSQL version: made once (0.7 s) and kept in `node_modules/.cache`, where later labs find
 * it. Labs that make it at the same time do not disturb each other: each makes its own, and the first to finish is
 * kept. Where the cache cannot be written the lab uses its own.
 */
export async function prepareTemplate(
  folder: string,
  binaries: PostgresBinaries,
  archiver: Archiver,
): Promise<Template> {
  const cached = join(cacheFolder(), `postgres-${binaries.packageVersion}-${process.platform}-${process.arch}-${MAKE}`)
  const known = await readTemplate(cached)
  if (known) return known
  const own = join(folder, 'template')
  const made = await makeTemplate(own, binaries, archiver)
  await keep(own, cached)
  return made
}

function cacheFolder(): string {
  return fileURLToPath(new URL('../../../node_modules/.cache/deploy-kit-lab', import.meta.url))
}

async function readTemplate(folder: string): Promise<Template | undefined> {
  const archive = join(folder, 'data.archive')
  try {
    const adminPassword = await readFile(join(folder, 'admin-password'), 'utf8')
    await access(archive, constants.R_OK)
    return { archive, adminPassword }
  } catch {
    return undefined
  }
}

async function makeTemplate(folder: string, binaries: PostgresBinaries, archiver: Archiver): Promise<Template> {
  const { initdb, runAs } = binaries
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'admin-password')
  await mkdir(data, { recursive: true, mode: 0o700 })
  const adminPassword = randomBytes(24).toString('base64url')
  await writeFile(passwordFile, adminPassword, { mode: 0o600 })
  if (runAs) {
    await chmod(folder, 0o711)
    for (const path of [data, passwordFile]) await chown(path, runAs.uid, runAs.gid)
  }
  // One form of text and order everywhere, whatever locales the machine has; small WAL segments keep copies small.
  const text = ['--encoding=UTF8', '--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = [`--username=${ADMIN}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  const log = ['--wal-segsize=1', '--set', 'min_wal_size=2MB']
  await promisify(execFile)(initdb, [`--pgdata=${data}`, ...access, ...text, ...log, '--no-sync'], {
    cwd: folder,
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    ...(runAs ?? {}),
  })
  await appendFile(join(data, 'postgresql.conf'), SETTINGS)
  await writeFile(join(data, 'pg_hba.conf'), ACCESS)
  const archive = join(folder, 'data.archive')
  await archiver.do({ kind: 'pack', options: { folder: data, archive, leaveOut: DERIVED } })
  await archiver.do({ kind: 'complete', archive })
  await rm(data, { recursive: true })
  return { archive, adminPassword }
}

/** Appears in the cache whole or not at all. */
async function keep(own: string, cached: string): Promise<void> {
  const unfinished = `${cached}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    await cp(own, unfinished, { recursive: true })
    await rename(unfinished, cached)
  } catch {
    // Another lab was first, or the cache cannot be written: the lab's own template serves this lab.
    await rm(unfinished, { recursive: true, force: true }).catch(() => {})
  }
}
