import { posix } from 'node:path'
import * as v from 'valibot'
import type { NameRule } from './file-names.ts'
import { readBytesIec, readBytesLibrary } from './foreign-sizes.ts'
import type { LinePlan } from './measurement.ts'
import { pattern } from './pattern.ts'

/** What another tool's configuration asks for. */
export interface ForeignConfig {
  readonly tool: 'size-limit' | 'bundlewatch' | 'bundlesize'
  readonly lines: readonly LinePlan[]
  readonly nameRule?: NameRule
  /** Sentences about settings that concern the other tool's service only. */
  readonly notes: readonly string[]
}

/** @throws {RangeError} with everything in the configuration that cannot be honoured */
export function readSizeLimit(data: unknown, folder: string): ForeignConfig {
  const problems: string[] = []
  const checks = v.safeParse(sizeLimitSchema, data)
  if (!checks.success) throw new RangeError(describeIssues(checks.issues))
  const lines = checks.output.map((check, at) => {
    const paths = typeof check.path === 'string' ? [check.path] : (check.path ?? [])
    const name = check.name ?? paths.join(', ')
    const where = name === '' ? `entry ${at + 1}` : `entry '${name}'`
    problems.push(...unsupported(check, where))
    if (paths.length === 0) problems.push(`${where} has no path`)
    return planSizeLimit(check, { name, paths, folder, where, problems })
  })
  if (problems.length > 0) throw new RangeError(problems.join('; '))
  return { tool: 'size-limit', lines, notes: [] }
}

const paths = v.union([v.string(), v.array(v.string())])
const sizeLimitSchema = v.pipe(
  v.array(
    v.looseObject({
      path: v.optional(paths),
      limit: v.optional(v.union([v.string(), v.number()])),
      name: v.optional(v.string()),
      gzip: v.optional(v.boolean()),
      brotli: v.optional(v.boolean()),
    }),
  ),
  v.minLength(1, 'the configuration has no entries'),
)
type SizeLimitCheck = v.InferOutput<typeof sizeLimitSchema>[number]

/** What is read, and what only changes size-limit's own output. */
const SIZE_LIMIT_KEYS = ['path', 'limit', 'name', 'gzip', 'brotli', 'message', 'hidePassed', 'highlightLess', 'module']

/** Everything else builds a bundle of its own or runs it in a browser. */
function unsupported(check: SizeLimitCheck, where: string): string[] {
  return Object.entries(check)
    .filter(([key, value]) => !SIZE_LIMIT_KEYS.includes(key) && value !== false && value !== undefined)
    .map(([key]) => {
      if (key === 'time' || key === 'running') return `${where} measures time (${key}), and this gate measures files`
      return `${where} has ${key}, which lets size-limit build a bundle; build it first and measure its files`
    })
}

function planSizeLimit(
  check: SizeLimitCheck,
  entry: { name: string; paths: readonly string[]; folder: string; where: string; problems: string[] },
): LinePlan {
  const { folder, where, problems } = entry
  const globs = entry.paths.filter((path) => !path.startsWith('!'))
  const excluded = entry.paths.filter((path) => path.startsWith('!')).map((path) => path.slice(1))
  let bytes: number | undefined
  try {
    bytes = check.limit === undefined ? undefined : readBytesIec(check.limit)
  } catch (error) {
    problems.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return {
    name: entry.name,
    compression: check.gzip === true ? 'gzip' : check.brotli === false ? 'none' : 'brotli',
    source: { kind: 'sum', globs: globs.map((glob) => place(glob, folder, problems)) },
    exclude: excluded.map((glob) => place(glob, folder, problems)),
    ...(bytes !== undefined && { budget: { bytes, rule: 'budget' } }),
  }
}

const perFile = v.strictObject({
  path: v.string(),
  maxSize: v.optional(v.union([v.string(), v.number()])),
  compression: v.optional(v.picklist(['gzip', 'brotli', 'none'])),
})

const perFileSchema = v.strictObject({
  files: v.pipe(v.array(perFile), v.minLength(1, 'the configuration has no files')),
  defaultCompression: v.optional(v.picklist(['gzip', 'brotli', 'none']), 'gzip'),
  normalizeFilenames: v.nullish(v.string()),
  // These concern bundlewatch's service, whose part the baseline plays here.
  bundlewatchServiceHost: v.optional(v.unknown()),
  ci: v.optional(v.unknown()),
})

/** bundlesize and bundlewatch: the limit holds for every file that matches. */
export function readPerFile(data: unknown, tool: 'bundlewatch' | 'bundlesize'): ForeignConfig {
  const result = v.safeParse(perFileSchema, Array.isArray(data) ? { files: data } : data)
  if (!result.success) throw new RangeError(describeIssues(result.issues))
  const { files, defaultCompression, normalizeFilenames } = result.output
  const problems: string[] = []
  const lines = files.map((file): LinePlan => {
    let bytes: number | undefined
    try {
      bytes = file.maxSize === undefined ? undefined : readBytesLibrary(file.maxSize)
    } catch (error) {
      problems.push(`${file.path}: ${error instanceof Error ? error.message : String(error)}`)
    }
    return {
      name: file.path,
      compression: file.compression ?? defaultCompression,
      source: { kind: 'each', globs: [place(file.path, '', problems)] },
      // Without a limit these tools allow any size; 0 is no limit for them either.
      ...(bytes !== undefined && bytes > 0 && { budget: { bytes, rule: 'budget' } }),
    }
  })
  const nameRule = typeof normalizeFilenames === 'string' ? readNormalization(normalizeFilenames, problems) : undefined
  if (problems.length > 0) throw new RangeError(problems.join('; '))
  const service = (['ci', 'bundlewatchServiceHost'] as const).filter((key) => result.output[key] !== undefined)
  return {
    tool,
    lines,
    ...(nameRule && { nameRule }),
    notes: service.length > 0 ? [`${service.join(' and ')} concern bundlewatch's own service and are not used.`] : [],
  }
}

/** As bundlewatch does it: what the groups of the expression match is removed from the path. */
function readNormalization(given: string, problems: string[]): NameRule | undefined {
  try {
    const expression = new RegExp(given)
    return (path) => {
      if (!expression.test(path)) return path
      return path.split(expression).reduce((name, piece) => name.replace(piece ?? '', ''), path)
    }
  } catch (error) {
    problems.push(`normalizeFilenames is not a regular expression: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

function place(glob: string, folder: string, problems: string[]): string {
  try {
    const path = glob.startsWith('/') ? glob : posix.join(folder, glob)
    return pattern().parse(path)
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
    return glob
  }
}

function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues.map((issue) => `${v.getDotPath(issue) ?? 'the configuration'}: ${issue.message}`).join('; ')
}
