import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { basename, join } from 'node:path'
import { getExecOutput } from '@actions/exec'
import { type OutputChunk, type Plugin, type RolldownLog, rolldown } from 'rolldown'
import { type Phase, phases, scratchFolder } from './action-folder.ts'
import { type BundledPackage, collectPackages, renderLicenses } from './licenses.ts'
import { manifestPlugin } from './manifest-plugin.ts'
import { releaseVersion, versionPlugin } from './version-plugin.ts'

/** What is known about a bundle beside its files. */
export interface Bundle {
  /** The phases that have a program, in GitHub's order; each is `<phase>.mjs`. */
  readonly phases: readonly Phase[]
  readonly packages: readonly BundledPackage[]
}

/**
 * Packages whose modules have no effect by being loaded. They do not say so themselves, or not in a form that bundlers
 * read, and without it `@actions/core` brings undici (479 kB instead of 2.5 kB).
 */
const withoutSideEffects = /[\\/]node_modules[\\/](@actions|@aws|@aws-sdk|@smithy|tunnel|undici|yaml)[\\/]/

const entryModule = 'deploy-kit:entry'
const nccProcess = join(import.meta.dirname, 'ncc-process.ts')

/**
 * Builds the programs of the action in `folder` from `src/<phase>.ts` into `distFolder`, which must not exist yet.
 *
 * First Rolldown, which drops what is not used and splits off what is loaded later; then ncc. A folder with main.ts
 * alone gives main.mjs and chunks. With more phases all of them are in index.mjs and share its chunks, and
 * `<phase>.mjs` are starters of two lines. The same sources give the same bytes, wherever they are.
 *
 * @throws Error if a module cannot be found, the bundler warns, or a package must not be handed on (licenses.ts)
 */
export async function bundleAction(folder: string, distFolder: string): Promise<Bundle> {
  const found = phases.filter((phase) => existsSync(join(folder, 'src', `${phase}.ts`)))
  if (!found.includes('main')) throw new Error(`${folder} has no src/main.ts`)
  await mkdir(scratchFolder, { recursive: true })
  const stage = await mkdtemp(join(scratchFolder, 'bundle-'))
  try {
    const entry = found.length === 1 ? 'main' : 'index'
    const chunks = await writeChunks(folder, entry, found, stage)
    const packages = await collectPackages(chunks.flatMap(renderedModules))
    const args = ['--no-deprecation', nccProcess, `${entry}.mjs`, distFolder]
    const options = { cwd: stage, silent: true, ignoreReturnCode: true }
    const { exitCode, stderr } = await getExecOutput(process.execPath, args, options)
    if (exitCode !== 0) throw new Error(`ncc failed on ${folder} (exit code ${exitCode}): ${stderr.trim()}`)
    if (entry === 'index') for (const phase of found) await writeStarter(distFolder, phase)
    await writeFile(join(distFolder, 'licenses.txt'), renderLicenses(basename(folder), packages))
    return { phases: found, packages }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

async function writeChunks(folder: string, entry: string, found: Phase[], stage: string): Promise<OutputChunk[]> {
  const warnings: RolldownLog[] = []
  const version = releaseVersion()
  const build = await rolldown({
    cwd: folder,
    input: { [entry]: entry === 'main' ? join(folder, 'src', 'main.ts') : entryModule },
    platform: 'node',
    plugins: [
      entryPlugin(folder, found),
      manifestPlugin(),
      randomUuidPlugin(),
      version === undefined ? undefined : versionPlugin(folder, version),
    ],
    // The AWS SDK's modules, not its CommonJS, which cannot be shaken.
    resolve: { mainFields: ['module', 'main'] },
    treeshake: { moduleSideEffects: [{ test: withoutSideEffects, sideEffects: false }] },
    transform: { target: 'node24' },
    onLog: (level, log) => void (level === 'warn' && warnings.push(log)),
  })
  const { output } = await build.write({
    dir: stage,
    format: 'es',
    minify: true,
    comments: false,
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  })
  await build.close()
  if (warnings.length > 0)
    throw new Error(`Cannot bundle ${folder}:\n${warnings.map((each) => each.message).join('\n')}`)
  const chunks = output.filter((file) => file.type === 'chunk')
  refuseMissingModules(chunks)
  return chunks
}

/** With several phases the entry is a module that has one function for each, so that they share what they load. */
function entryPlugin(folder: string, found: Phase[]): Plugin {
  return {
    name: entryModule,
    resolveId: { filter: { id: new RegExp(`^${entryModule}$`) }, handler: (id) => id },
    load: {
      filter: { id: new RegExp(`^${entryModule}$`) },
      handler: () => {
        const source = (phase: Phase): string => JSON.stringify(join(folder, 'src', `${phase}.ts`))
        return found.map((phase) => `export const ${phase} = () => import(${source(phase)})`).join('\n')
      },
    },
  }
}

/**
 * `@actions/core` loads all of node:crypto, a tenth of the start-up, for a random UUID that frames each output. Node's
 * global `crypto` loads most of it as well, so the random bytes come from the system's own source, where it is a file.
 */
function randomUuidPlugin(): Plugin {
  const id = 'deploy-kit:random-uuid'
  return {
    name: id,
    resolveId: {
      filter: { id: /^crypto$/ },
      handler: (_, importer) => (importer && /[\\/]@actions[\\/]core[\\/]/.test(importer) ? id : null),
    },
    load: {
      filter: { id: new RegExp(`^${id}$`) },
      handler: () => randomUuidModule,
    },
  }
}

const randomUuidModule = `
import { closeSync, openSync, readSync } from 'node:fs'
export function randomUUID() {
  const bytes = Buffer.alloc(16)
  try {
    const source = openSync('/dev/urandom')
    const length = readSync(source, bytes)
    closeSync(source)
    if (length === bytes.length) return bytes.toString('hex')
  } catch {
    // Windows has no such file.
  }
  return globalThis.crypto.randomUUID()
}
`

async function writeStarter(distFolder: string, phase: Phase): Promise<void> {
  await writeFile(join(distFolder, `${phase}.mjs`), `import { ${phase} } from './index.mjs'\nawait ${phase}()\n`)
}

/** A module that the bundler leaves outside must come with Node itself: a bundle has no node_modules. */
function refuseMissingModules(chunks: OutputChunk[]): void {
  const ours = new Set(chunks.map((chunk) => chunk.fileName))
  const imports = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports])
  const missing = imports.filter((name) => !ours.has(name) && !isBuiltin(name))
  if (missing.length > 0) throw new Error(`Not in the bundle and not in Node: ${[...new Set(missing)].join(', ')}`)
}

/** The modules that left code in a chunk: what was shaken away entirely is not handed on. */
function renderedModules(chunk: OutputChunk): string[] {
  return Object.entries(chunk.modules).flatMap(([id, module]) => (module.renderedLength > 0 ? [id] : []))
}
