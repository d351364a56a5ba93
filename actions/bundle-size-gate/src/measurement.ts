import { ActionError } from '@deploy-kit/core/errors'
import { type Compression, measureSizes, type SizedTask, type SizeTask } from './compressed-size.ts'
import { findFiles } from './found-files.ts'

/** What one line of the gate counts. */
export interface LinePlan {
  readonly name: string
  readonly compression: Compression
  readonly source: LineSource
  /** Beside what no line counts. */
  readonly exclude?: readonly string[]
  readonly budget?: { readonly bytes: number; readonly rule: 'budget' | 'route-budget' }
}

export type LineSource =
  /** Everything that matches, as one sum. */
  | { readonly kind: 'sum'; readonly globs: readonly string[] }
  /** Everything that matches, each file as a line of its own (bundlesize, bundlewatch). */
  | { readonly kind: 'each'; readonly globs: readonly string[] }
  /** Files that another tool has listed (the chunks of a route). */
  | { readonly kind: 'listed'; readonly paths: readonly string[] }

export interface MeasuredFile {
  readonly path: string
  readonly bytes: number
  /** Before compression. */
  readonly rawBytes: number
}

export interface MeasuredLine {
  readonly name: string
  readonly compression: Compression
  readonly bytes: number
  readonly files: readonly MeasuredFile[]
  readonly budget?: LinePlan['budget']
  /** Why there is nothing to measure: a sentence's end, `matches no file`. */
  readonly missing?: string
}

export interface Measurement {
  readonly lines: readonly MeasuredLine[]
  /** Each file once, sorted by path; on two lines with different compressions the first one counts. */
  readonly files: readonly MeasuredFile[]
  readonly totalBytes: number
}

export interface MeasureOptions {
  readonly workspace: string
  readonly exclude: readonly string[]
  /** The name of a file that is a line of its own, the same from build to build. */
  readonly nameFiles: (paths: readonly string[]) => readonly string[]
  readonly signal: AbortSignal
}

/**
 * Finds and measures the files of every line; each file is read once, however many lines it is on.
 *
 * @throws {ActionError} `wrong-state` when a file or folder cannot be read, with every such file
 * @throws {CancelledError} as soon as `signal` aborts
 */
export async function measure(plans: readonly LinePlan[], options: MeasureOptions): Promise<Measurement> {
  const found = withUniqueNames((await Promise.all(plans.map((plan) => expand(plan, options)))).flat())
  const tasks = new Map<string, SizeTask>()
  for (const { plan, paths } of found)
    for (const path of paths) tasks.set(taskKey(path, plan.compression), { path, compression: plan.compression })
  const sized = new Map<string, MeasuredFile>()
  const results = await measureSizes([...tasks.values()], options.workspace, options.signal)
  refuseUnreadable(results)
  for (const result of results) {
    if ('problem' in result) continue
    const { path, bytes, rawBytes } = result
    sized.set(taskKey(path, result.compression), { path, bytes, rawBytes })
  }
  const lines = found.map(({ plan, paths, missing }) => {
    const files = paths.map((path) => sized.get(taskKey(path, plan.compression)) as MeasuredFile)
    return measureLine(plan, files, missing)
  })
  const files = eachOnce(lines)
  return { lines, files, totalBytes: sum(files) }
}

interface FoundLine {
  readonly plan: LinePlan
  readonly paths: readonly string[]
  readonly missing?: string
}

async function expand(plan: LinePlan, options: MeasureOptions): Promise<FoundLine[]> {
  if (plan.source.kind === 'listed') {
    const { paths } = plan.source
    return [{ plan, paths, ...(paths.length === 0 && { missing: 'it loads no JavaScript at all' }) }]
  }
  const { globs } = plan.source
  const { paths, links } = await findFiles(
    globs,
    [...options.exclude, ...(plan.exclude ?? [])],
    options.workspace,
    options.signal,
  )
  if (paths.length === 0) {
    const hint = links.length > 0 ? ` (${links[0]} is a link to a folder, and those are not followed)` : ''
    return [{ plan, paths, missing: `${globs.join(', ')} matches no file${hint}` }]
  }
  if (plan.source.kind === 'sum') return [{ plan, paths }]
  const names = options.nameFiles(paths)
  return paths.map((path, at) => ({ plan: { ...plan, name: names[at] ?? path }, paths: [path] }))
}

/** Two entries of another tool may measure the same file; their lines are told apart by a number. */
function withUniqueNames(found: readonly FoundLine[]): FoundLine[] {
  const seen = new Map<string, number>()
  return found.map((line) => {
    const count = (seen.get(line.plan.name) ?? 0) + 1
    seen.set(line.plan.name, count)
    return count === 1 ? line : { ...line, plan: { ...line.plan, name: `${line.plan.name} (${count})` } }
  })
}

function measureLine(plan: LinePlan, files: readonly MeasuredFile[], noFile: string | undefined): MeasuredLine {
  const onlyEmpty = files.length > 0 && files.every((file) => file.rawBytes === 0)
  const missing = noFile ?? (onlyEmpty ? `${describeFiles(files)} empty` : undefined)
  return {
    name: plan.name,
    compression: plan.compression,
    bytes: sum(files),
    files,
    ...(plan.budget && { budget: plan.budget }),
    ...(missing !== undefined && { missing }),
  }
}

function describeFiles(files: readonly MeasuredFile[]): string {
  return files.length === 1 ? `${files[0]?.path} is` : `all its ${files.length} files are`
}

function taskKey(path: string, compression: Compression): string {
  return `${compression} ${path}`
}

function eachOnce(lines: readonly MeasuredLine[]): MeasuredFile[] {
  const once = new Map<string, MeasuredFile>()
  for (const line of lines) for (const file of line.files) if (!once.has(file.path)) once.set(file.path, file)
  return [...once.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function sum(files: readonly MeasuredFile[]): number {
  return files.reduce((total, file) => total + file.bytes, 0)
}

function refuseUnreadable(results: readonly SizedTask[]): void {
  const problems = results.flatMap((result) => ('problem' in result ? [`${result.path}: ${result.problem}`] : []))
  const [first] = problems
  if (first === undefined) return
  const shown = problems.slice(0, 20)
  const more = problems.length > shown.length ? [`… and ${problems.length - shown.length} more`] : []
  const list = [...shown, ...more].map((problem) => `- ${problem}`).join('\n')
  const message =
    problems.length === 1
      ? `A file cannot be measured: ${first}`
      : `${problems.length} files cannot be measured:\n${list}`
  throw new ActionError('wrong-state', message, {
    advice:
      'A size with files left out would be wrong. Make them readable (their names must be UTF-8), or exclude them.',
  })
}
