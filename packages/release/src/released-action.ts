import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { type ActionFile, readActionFile } from './action-file.ts'
import { actionFolder, phases, repositoryFolder, scratchFolder } from './action-folder.ts'
import { type Bundle, bundleAction } from './bundle.ts'
import { type PackageList, packageListSchema } from './bundled-packages.ts'
import { digestFiles } from './folder-digest.ts'
import { swapFolder } from './folder-swap.ts'
import { releaseVersion } from './version-plugin.ts'

/** Where `release:tree` writes. */
export const releaseFolder = join(repositoryFolder, 'release')

const stampSchema = v.object({ inputs: v.string(), output: v.string(), packages: packageListSchema })

/**
 * Makes `release/<action>` what the sources say, unless it is already, and gives its path.
 *
 * Several processes may do it at once. A folder that somebody has changed by hand is built again.
 *
 * @param force build even if nothing has changed
 * @throws Error if the action cannot be bundled, or its action.yml does not fit its programs
 */
export async function ensureReleasedAction(action: string, { force = false } = {}): Promise<string> {
  const target = join(releaseFolder, action)
  const inputs = await digestInputs(action)
  const stampFile = join(scratchFolder, `${action}.json`)
  if (!force && (await isFresh(target, inputs, stampFile))) return target
  await mkdir(scratchFolder, { recursive: true })
  const stage = await mkdtemp(join(scratchFolder, `${action}-`))
  try {
    const built = join(stage, action)
    const packages = await buildAction(action, built)
    const output = await digestFiles(built, ['.'])
    await swapFolder(built, target)
    const stamp: v.InferOutput<typeof stampSchema> = { inputs, output, packages }
    await writeFile(stampFile, JSON.stringify(stamp))
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
  return target
}

/**
 * Writes what a release has of one action into a new folder: action.yml, README.md and dist/.
 * @returns the packages in its bundle
 */
export async function buildAction(action: string, folder: string): Promise<PackageList> {
  const sources = actionFolder(action)
  const file = await readActionFile(join(sources, 'action.yml'))
  const bundle = await bundleAction(sources, join(folder, 'dist'))
  refuseMisfit(action, file, bundle)
  for (const name of ['action.yml', 'README.md']) await copyFile(join(sources, name), join(folder, name))
  return bundle.packages.map(({ name, version, license }) => ({ name, version, license }))
}

/** The packages in the bundle of an action, as it was built last; none has been built: an error. */
export async function readReleasedPackages(action: string): Promise<PackageList> {
  return v.parse(stampSchema, await readJson(join(scratchFolder, `${action}.json`))).packages
}

/** What action.yml starts must be exactly what was built. */
function refuseMisfit(action: string, file: ActionFile, bundle: Bundle): void {
  for (const phase of phases) {
    const stated = file.runs[phase]
    const built = bundle.phases.includes(phase) ? `dist/${phase}.mjs` : undefined
    if (stated === built) continue
    const source = built ? `src/${phase}.ts, which gives ${built}` : `no src/${phase}.ts`
    throw new Error(`actions/${action}/action.yml says "${phase}: ${stated ?? ''}", but the action has ${source}.`)
  }
}

/** Everything that decides what is built, tests left out. */
async function digestInputs(action: string): Promise<string> {
  const own = ['src', 'action.yml', 'README.md', 'package.json'].map((path) => `actions/${action}/${path}`)
  const shared = ['packages/core', 'packages/release'].flatMap((path) => [`${path}/src`, `${path}/package.json`])
  const paths = [...own, ...shared, 'pnpm-lock.yaml', 'tsconfig.json']
  const files = await digestFiles(repositoryFolder, paths, (path) => !path.endsWith('.test.ts'))
  return `${files} ${releaseVersion() ?? ''}`
}

async function isFresh(target: string, inputs: string, stampFile: string): Promise<boolean> {
  const stamp = v.safeParse(stampSchema, await readJson(stampFile))
  if (!stamp.success || stamp.output.inputs !== inputs) return false
  const output = await digestFiles(target, ['.']).catch(() => undefined)
  return output === stamp.output.output
}

/** The value in a JSON file; undefined if there is none, or it was cut off by a crash. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}
