import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as v from 'valibot'

/** An npm package of which at least one module is in a bundle. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** SPDX identifier. */
  readonly license: string
  /** The package's licence, and its NOTICE where it has one (Apache-2.0, section 4d). */
  readonly text: string
}

interface ReadPackage extends BundledPackage {
  readonly repository: string | undefined
}

/** Licences that allow to hand on a bundle as long as their text goes with it. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])

const licenseFile = /^(licen[cs]e|copying|notice)([.-].*)?$/i
const packageSchema = v.object({
  name: v.string(),
  version: v.string(),
  license: v.fallback(v.string(), 'not stated'),
  repository: v.fallback(v.optional(v.object({ url: v.string() })), undefined),
})

/**
 * The npm packages that modules belong to, sorted by name and version.
 *
 * @param moduleIds absolute paths as the bundler gives them; sources of this repository are left out
 * @throws Error with one line for each package that cannot be handed on: no licence text, or a licence not permissive
 */
export async function collectPackages(moduleIds: Iterable<string>): Promise<BundledPackage[]> {
  const folders = new Set<string>()
  for (const id of moduleIds) if (/[\\/]node_modules[\\/]/.test(id)) folders.add(packageFolder(id))
  const read = await Promise.all([...folders].map(readPackage))
  const packages = read.map(({ repository, ...each }) => ({
    ...each,
    text: each.text || siblingText(each, repository, read),
  }))
  const problems = packages.flatMap(findProblems)
  if (problems.length > 0) throw new Error(`Cannot bundle:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
  const unique = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]))
  return [...unique].sort(([a], [b]) => compare(a, b)).map(([, each]) => each)
}

/** The text of `dist/licenses.txt`: packages with the same licence text share it. */
export function renderLicenses(action: string, packages: readonly BundledPackage[]): string {
  if (packages.length === 0) return `The bundle of ${action} contains no third-party packages.\n`
  const byText = Map.groupBy(packages, ({ license, text }) => `${license}\n\n${text}\n`)
  const sections = [...byText].map(([text, group]) => {
    const names = group.map(({ name, version }) => `${name} ${version}`).join('\n')
    return `${'-'.repeat(80)}\n${names}\n\nLicence: ${text}`
  })
  const intro = `The bundle of ${action} contains parts of these packages, each under the licence below its name.\n`
  return [intro, ...sections].join('\n')
}

/** The package's own folder: inner package.json files, which only say "type": "module", are passed over. */
function packageFolder(moduleId: string): string {
  for (let folder = dirname(moduleId); folder !== dirname(folder); folder = dirname(folder)) {
    const isPackage = /[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^@\\/][^\\/]*$/.test(folder)
    if (isPackage && existsSync(join(folder, 'package.json'))) return folder
  }
  throw new Error(`${moduleId} is in node_modules but in no package`)
}

async function readPackage(folder: string): Promise<ReadPackage> {
  const manifest = v.parse(packageSchema, JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')))
  const files = (await readdir(folder)).filter((file) => licenseFile.test(file)).sort(compare)
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
  const text = texts.map((each) => each.replaceAll('\r\n', '\n').trim()).join('\n\n')
  return { ...manifest, repository: manifest.repository?.url, text }
}

/**
 * The licence text of another bundled package from the same repository under the same licence, or none.
 * The AWS SDK's internal packages have no LICENSE of their own; the one of their repository holds for them.
 */
function siblingText(own: BundledPackage, repository: string | undefined, read: readonly ReadPackage[]): string {
  const isSibling = (other: ReadPackage): boolean => {
    return repository !== undefined && other.repository === repository && other.license === own.license
  }
  return read.find((other) => isSibling(other) && other.text !== '')?.text ?? ''
}

function findProblems({ name, version, license, text }: BundledPackage): string[] {
  const problems: string[] = []
  if (!permissive.has(license)) problems.push(`${name} ${version}: its licence (${license}) is not a permissive one`)
  if (text === '') problems.push(`${name} ${version}: it comes without a licence text`)
  return problems
}

/** By code unit: the same order on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
