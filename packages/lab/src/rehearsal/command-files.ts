import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The files that a step writes to be heard: environment, outputs, path, state and summary. */
export interface CommandFiles {
  readonly environment: string
  readonly output: string
  readonly path: string
  readonly state: string
  readonly summary: string
}

/** What a step wrote to its command files. */
export interface CommandFileContents {
  readonly environment: ReadonlyMap<string, string>
  readonly output: ReadonlyMap<string, string>
  readonly path: readonly string[]
  readonly state: ReadonlyMap<string, string>
  readonly summary: string
  /** What the runner says about a file that it could not read; the step fails unless it is about the summary. */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary */
const summaryLimitBytes = 1024 * 1024

/** Creates one empty file each, under RUNNER_TEMP, where the runner has them too. */
export async function createCommandFiles(temporaryDirectory: string): Promise<CommandFiles> {
  const directory = join(temporaryDirectory, '_runner_file_commands')
  await mkdir(directory, { recursive: true })
  const suffix = randomUUID()
  const files: CommandFiles = {
    environment: join(directory, `set_env_${suffix}`),
    output: join(directory, `set_output_${suffix}`),
    path: join(directory, `add_path_${suffix}`),
    state: join(directory, `save_state_${suffix}`),
    summary: join(directory, `step_summary_${suffix}`),
  }
  await Promise.all(Object.values(files).map((file) => writeFile(file, '')))
  return files
}

/** Never throws because of what a step wrote: what cannot be read is among the errors. */
export async function readCommandFiles(files: CommandFiles): Promise<CommandFileContents> {
  const errors: string[] = []
  const warnings: string[] = []
  const [environmentText, outputText, pathText, stateText, summaryText] = await Promise.all(
    [files.environment, files.output, files.path, files.state, files.summary].map((file) => readOrEmpty(file)),
  )
  const read = (text: string | undefined, command: string) => {
    try {
      return parsePairs(text ?? '')
    } catch (error) {
      errors.push(`Unable to process file command '${command}' successfully.`, String((error as Error).message))
      return new Map<string, string>()
    }
  }
  const environment = read(environmentText, 'env')
  if (environment.delete('NODE_OPTIONS'))
    errors.push("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
  const summaryBytes = Buffer.byteLength(summaryText ?? '')
  const isTooLong = summaryBytes > summaryLimitBytes
  if (isTooLong)
    warnings.push(
      `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.floor(summaryBytes / 1024)}k.`,
    )
  return {
    environment,
    output: read(outputText, 'output'),
    path: (pathText ?? '').split(/\r?\n/).filter((line) => line !== ''),
    state: read(stateText, 'state'),
    summary: isTooLong ? '' : (summaryText ?? ''),
    errors,
    warnings,
  }
}

/** `name=value` lines and `name<<DELIMITER` … `DELIMITER` blocks. @throws Error in the runner's words */
export function parsePairs(text: string): Map<string, string> {
  const pairs = new Map<string, string>()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (heredoc >= 0 && (equals < 0 || heredoc < equals)) {
      const name = line.slice(0, heredoc)
      const delimiter = line.slice(heredoc + 2)
      if (name === '' || delimiter === '')
        throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`)
      const end = lines.indexOf(delimiter, at + 1)
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`)
      pairs.set(name, lines.slice(at + 1, end).join('\n'))
      at = end
    } else if (equals > 0) pairs.set(line.slice(0, equals), line.slice(equals + 1))
    else if (equals === 0) throw new Error(`Invalid format '${line}'. Name must not be empty`)
    else throw new Error(`Invalid format '${line}'`)
  }
  return pairs
}

/** A step may delete its files: that is as if it had written nothing. */
async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
