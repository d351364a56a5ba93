/**
 * `npx --yes pnpm@12 release:tree` writes `release/`: what a release publishes, and nothing else.
 * With `--if-stale` only what its sources no longer agree with is built.
 */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listActions, repositoryFolder, scratchFolder } from './action-folder.ts'
import type { BundledPackages } from './bundled-packages.ts'
import { listFiles } from './folder-digest.ts'
import { MAX_PACKED_BYTES, measurePacked } from './packed-size.ts'
import { ensureReleasedAction, readReleasedPackages, releaseFolder } from './released-action.ts'
import { renderActionList } from './tables.ts'
import { kilobytes, renderColumns } from './text-table.ts'

/**
 * Makes `release/` what the sources say and gives its path: fast when it is already.
 *
 * @param force build every action even if nothing has changed
 * @throws Error with what is wrong with each action that could not be built; the others are there then
 */
export async function ensureReleaseTree({ force = false } = {}): Promise<string> {
  const { written } = await listActions()
  const results = await Promise.allSettled(written.map((action) => ensureReleasedAction(action, { force })))
  const problems = results.flatMap((result, i) => {
    return 'reason' in result ? [`actions/${written[i]}: ${result.reason?.message ?? result.reason}`] : []
  })
  if (problems.length > 0) throw new Error(`Not every action could be built.\n${problems.join('\n')}`)
  await writeRootFiles(written)
  await removeOthers(new Set([...written, 'LICENSE', 'README.md']))
  return releaseFolder
}

/** What a release makes its SBOM of; beside the tree, which has no place for it. */
const packagesFile = join(scratchFolder, 'packages.json')

async function readPackages(actions: string[]): Promise<BundledPackages> {
  return Object.fromEntries(
    await Promise.all(actions.map(async (action) => [action, await readReleasedPackages(action)] as const)),
  )
}

async function writeRootFiles(actions: string[]): Promise<void> {
  await mkdir(releaseFolder, { recursive: true })
  await copyFile(join(repositoryFolder, 'LICENSE'), join(releaseFolder, 'LICENSE'))
  const readme = join(releaseFolder, 'README.md')
  const text = await renderReadme(actions)
  if ((await readFile(readme, 'utf8').catch(() => '')) !== text) await writeFile(readme, text)
}

async function renderReadme(actions: string[]): Promise<string> {
  return `# deploy-kit

GitHub Actions that make a deployment safe. This is a release: built bundles only. The sources are on the default branch.

${await renderActionList(actions, (action) => `${action}/README.md`)}
`
}

async function removeOthers(wanted: Set<string>): Promise<void> {
  for (const entry of await readdir(releaseFolder)) {
    if (!wanted.has(entry)) await rm(join(releaseFolder, entry), { recursive: true, force: true })
  }
}

/** One line an action: its files, their bytes, and the bytes of all that it has in the tree, packed. */
async function renderSizes(actions: string[]): Promise<string> {
  const rows = await Promise.all(
    actions.map(async (action) => {
      const files = await listFiles(releaseFolder, `${action}/dist`)
      const sizes = await Promise.all(files.map(async (file) => (await readFile(join(releaseFolder, file))).length))
      const bundle = sizes.reduce((sum, size) => sum + size, 0)
      return [action, `${files.length}`, kilobytes(bundle), kilobytes(await measurePacked(releaseFolder, action))]
    }),
  )
  return renderColumns([['action', 'files', 'dist', 'packed'], ...rows])
}

async function main(): Promise<void> {
  const { written, unwritten } = await listActions()
  for (const action of unwritten) console.log(`actions/${action} has no action.yml yet: left out.`)
  const folder = await ensureReleaseTree({ force: !process.argv.includes('--if-stale') })
  await writeFile(packagesFile, JSON.stringify(await readPackages(written)))
  const packed = await measurePacked(folder, '.')
  console.log(await renderSizes(written))
  console.log(`release/ is ${kilobytes(packed)} packed, of ${kilobytes(MAX_PACKED_BYTES)} allowed.`)
  if (packed > MAX_PACKED_BYTES) throw new Error('The release tree is too large: see which action grew, above.')
}

if (import.meta.main) await main()
