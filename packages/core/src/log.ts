import type { Platform } from './platform.ts'

/** The step's log. Text that could be read as a workflow command is printed so that it cannot be. */
export interface Log {
  info(text: string): void
  /** Also an annotation of the run. */
  warning(text: string): void
  /** Shown only with debug logging (ACTIONS_STEP_DEBUG or RUNNER_DEBUG). */
  debug(text: string): void
  /** A fold of the log. */
  group(title: string, lines: readonly string[]): void
  /** Text from outside (a body, a container's log): printed line by line, never executed. Wait for it where it is long. */
  outside(lines: readonly string[]): void | Promise<void>
}

export function createLog(platform: Platform, actionName: string): Log {
  const debugging = isDebug(platform.environment)
  const print = (lines: readonly string[]): void => writeInert(platform, lines)
  return {
    info: (text) => print(splitLines(text)),
    warning: (text) => platform.annotate('warning', `deploy-kit ${actionName}`, text),
    debug: (text) => {
      if (debugging) print(splitLines(text).map((line) => `[debug] ${line}`))
    },
    group: (title, lines) => {
      platform.writeLine(`::group::${title.replaceAll(/[\r\n]+/g, ' ')}`)
      print(lines.flatMap(splitLines))
      platform.writeLine('::endgroup::')
    },
    outside: (lines) => {
      writeStopped(platform, lines)
      return platform.drained()
    },
  }
}

/** Debug logging is on: ACTIONS_STEP_DEBUG is set for the runner, which then sets RUNNER_DEBUG. */
export function isDebug(environment: Platform['environment']): boolean {
  return environment.RUNNER_DEBUG === '1'
}

function writeInert(platform: Platform, lines: readonly string[]): void {
  if (lines.some(looksLikeCommand)) writeStopped(platform, lines)
  else for (const line of lines) platform.writeLine(line)
}

/** The runner reads `::command::` at the start of a line and the older `##[command]` anywhere in one. */
function looksLikeCommand(line: string): boolean {
  return line.trimStart().startsWith('::') || line.includes('##[')
}

/** Between `::stop-commands::<token>` and `::<token>::` the runner prints every line as it is; the token cannot be guessed. */
function writeStopped(platform: Platform, lines: readonly string[]): void {
  if (lines.length === 0) return
  const token = crypto.randomUUID()
  platform.writeLine(`::stop-commands::${token}`)
  for (const line of lines.flatMap(splitLines)) platform.writeLine(line)
  platform.writeLine(`::${token}::`)
}

/** Lines without terminators and without other control characters (a terminal escape, a NUL, …) but the tab. */
function splitLines(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed.
  return text.split(/\r\n|\r|\n/).map((line) => line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ''))
}
