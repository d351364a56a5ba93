import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { CancelledError, messageOf } from '@deploy-kit/core/errors'
import { decodedMappings, FlattenMap, type SourceMapInput } from '@jridgewell/trace-mapping'

/** What modules put into the measured files. */
export interface ModuleSizes {
  /** Module to bytes before compression, over all files. */
  readonly bytes: Readonly<Record<string, number>>
  /** Files that have no source map. */
  readonly unmapped: number
  /** Why a source map could not be used: sentences. */
  readonly problems: readonly string[]
}

/** What no line of any module became: the bundler's own code, line ends, the comment that names the map. */
const GENERATED = '[no module]'

/**
 * Adds up, module by module, the characters of each script and style sheet that its source map says came from there:
 * before compression, since compressed bytes belong to no single module. A map is looked for where the file's
 * `sourceMappingURL` points (inside the workspace, or in the file), else beside the file.
 *
 * @see https://tc39.es/ecma426/
 * @throws {CancelledError} as soon as `signal` aborts
 */
export async function measureModules(
  paths: readonly string[],
  workspace: string,
  signal: AbortSignal,
): Promise<ModuleSizes> {
  const bytes = new Map<string, number>()
  const problems: string[] = []
  let unmapped = 0
  for (const path of paths.filter((each) => /\.([cm]?js|css)$/.test(each))) {
    if (signal.aborted) throw new CancelledError()
    try {
      const content = await readFile(join(workspace, path), 'utf8')
      const map = await readMap(path, content, workspace)
      if (map) addModules(content, map, workspace, bytes)
      else unmapped += 1
    } catch (error) {
      problems.push(`The source map of ${path} cannot be used: ${messageOf(error)}.`)
    }
  }
  return { bytes: Object.fromEntries([...bytes].sort(([a], [b]) => (a < b ? -1 : 1))), unmapped, problems }
}

interface FoundMap {
  /** Relative to the workspace. */
  readonly path: string
  readonly text: string
}

async function readMap(path: string, content: string, workspace: string): Promise<FoundMap | undefined> {
  const url = [...content.matchAll(/(?:\/\/|\/\*)[#@] sourceMappingURL=([^\s*]+)/g)].at(-1)?.[1]
  const data = /^data:application\/json[^,]*?(;base64)?,(.*)$/.exec(url ?? '')
  if (data) {
    const [, base64, text = ''] = data
    return { path, text: base64 ? Buffer.from(text, 'base64').toString('utf8') : decodeURIComponent(text) }
  }
  const beside = url === undefined || /^[a-z][a-z0-9+.-]*:|^\//i.test(url) ? `${path}.map` : locate(path, url)
  if (beside.startsWith('../')) return undefined
  try {
    return { path: beside, text: await readFile(join(workspace, beside), 'utf8') }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function locate(path: string, url: string): string {
  return posix.join(posix.dirname(path), decodeURIComponent(url.replace(/[?#].*$/, '')))
}

function addModules(content: string, map: FoundMap, workspace: string, bytes: Map<string, number>): void {
  // Turbopack writes maps in sections; both forms become one.
  const trace = FlattenMap(JSON.parse(map.text) as SourceMapInput)
  const names = trace.resolvedSources.map((source) => nameModule(source, map.path, workspace))
  const add = (name: string, count: number): void => void (count > 0 && bytes.set(name, (bytes.get(name) ?? 0) + count))
  const mappings = decodedMappings(trace)
  const lines = content.split('\n')
  for (const [at, line] of lines.entries()) {
    const segments = mappings[at] ?? []
    add(GENERATED, Buffer.byteLength(line.slice(0, segments[0]?.[0])))
    for (const [index, segment] of segments.entries()) {
      const name = segment.length === 1 ? undefined : names[segment[1]]
      add(name ?? GENERATED, Buffer.byteLength(line.slice(segment[0], segments[index + 1]?.[0])))
    }
  }
  add(GENERATED, lines.length - 1)
}

/**
 * A module's name, the same from build to build and from machine to machine: without the bundler's scheme, from the
 * workspace for a file of it, and without the versions that package managers put in folders.
 */
export function nameModule(source: string | null, mapPath: string, workspace: string): string {
  if (source === null || source === '') return GENERATED
  const plain = source.replace(/\?.*$/, '')
  const [, ofScheme] = /^[a-z][a-z0-9+.-]*:\/\/[^/]*(\/.*)$/i.exec(plain) ?? []
  const inFolder = posix.join(posix.dirname(mapPath), plain)
  const path = (ofScheme ?? (plain.startsWith('/') ? plain : inFolder)).replace(`${workspace}/`, '')
  const named = posix.normalize(path).replace(/^(\.{0,2}\/|\[project\]\/)+/, '')
  const dependency = named.lastIndexOf('node_modules/')
  return dependency < 0 ? named : named.slice(dependency)
}
