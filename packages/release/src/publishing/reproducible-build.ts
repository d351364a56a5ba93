import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BundledPackages, parseBundledPackages } from '../bundled-packages.ts'
import { differingFiles, hashFiles } from './checksums.ts'
import { type Git, gitIn } from './git.ts'
import { ReleaseRefusal } from './refusal.ts'

export interface BuildOrder {
  /** The repository that is cloned. */
  readonly repository: string
  /** The commit that is built. */
  readonly source: string
  /** Shell command that writes `release/` and `.tmp/release/packages.json` in the clone that it runs in. */
  readonly build: string
  /** Shell command that tests `release/` in the clone that it runs in; undefined: none. */
  readonly check: string | undefined
  /** Variables of both commands. */
  readonly environment: Readonly<Record<string, string>>
  readonly print: (line: string) => void
}

/**
 * Builds a commit in two new clones, compares the trees, and tests the one that it then hands over.
 *
 * @param target becomes the tree; must not exist
 * @throws ReleaseRefusal when the trees differ, or a command fails, or changes the tree that it was to test
 */
export async function buildTwice(order: BuildOrder, target: string): Promise<BundledPackages> {
  const root = await mkdtemp(join(tmpdir(), 'deploy-kit-release-'))
  try {
    // Folders of different depth and length: paths that leak into a bundle show in its bytes.
    const [first, second] = [join(root, 'first'), join(root, 'and', 'the-second-one')]
    for (const clone of [first, second]) await cloneAt(gitIn(order.repository), order, clone)
    for (const clone of [first, second]) await runCommand(order.build, clone, order)
    const built = await hashFiles(join(first, 'release'))
    refuseDifference(built, await hashFiles(join(second, 'release')), 'Two builds of the same commit differ in')
    if (order.check !== undefined) await runCommand(order.check, first, order)
    await cp(join(first, 'release'), target, { recursive: true })
    refuseDifference(built, await hashFiles(target), 'The tree was changed while it was tested:')
    return parseBundledPackages(await readFile(join(first, '.tmp', 'release', 'packages.json'), 'utf8'))
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function cloneAt(git: Git, { repository, source }: BuildOrder, folder: string): Promise<void> {
  await git(['clone', '--quiet', '--shared', '--no-checkout', '--no-tags', repository, folder])
  await gitIn(folder)(['checkout', '--quiet', '--detach', source])
}

function refuseDifference(a: string, b: string, problem: string): void {
  const files = differingFiles(a, b)
  if (files.length > 0) throw new ReleaseRefusal(`${problem} ${files.join(', ')}`)
}

async function runCommand(command: string, folder: string, { environment, print }: BuildOrder): Promise<void> {
  print(`${folder}$ ${command}`)
  // A script of pnpm tells the pnpm that it starts that its dependencies are installed; in a new clone they are not.
  const { pnpm_config_verify_deps_before_run: _, ...inherited } = process.env
  const child = spawn(command, { cwd: folder, shell: true, stdio: 'inherit', env: { ...inherited, ...environment } })
  const [code, signal] = await once(child, 'close')
  if (code === 0) return
  throw new ReleaseRefusal(`Nothing was published: "${command}" ended with ${signal ?? `exit code ${code}`}.`)
}
