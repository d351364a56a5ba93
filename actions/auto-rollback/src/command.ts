import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { commandEnvironment, runShell } from '@deploy-kit/core/shell'

interface CommandOptions {
  /** Of the input that it stands in. */
  readonly name: string
  readonly variables?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly context: ActionContext
  /** Nothing of what it says is printed: for a command that is asked again and again. */
  readonly isQuiet?: boolean
}

/**
 * Runs one of the user's commands in the workspace and prints what it says.
 *
 * @returns what it wrote to stdout
 * @throws {ActionError} wrong-state when it does not exit with 0 in time
 */
export async function runCommand(command: string, options: CommandOptions): Promise<string> {
  const { name, variables = {}, timeoutMs, context, isQuiet = false } = options
  const { GITHUB_WORKSPACE: directory } = context.environment
  const result = await runShell(command, {
    environment: { ...commandEnvironment(context.environment), ...variables },
    ...(directory && { directory }),
    timeoutMs,
    signal: context.signal,
    clock: context.clock,
  })
  const lines = [result.stdout, result.stderr].flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '')
  if (!isQuiet) await context.log.outside(lines.map((line) => `| ${line}`))
  if (context.signal.aborted) throw new CancelledError(`${name} was ended before it was done.`)
  if (result.exitCode === 0 && !result.timedOut) return result.stdout
  const why = result.timedOut
    ? 'did not end in time'
    : result.exitCode === null
      ? 'was ended by a signal'
      : `exited with ${result.exitCode}`
  const said = lines.length > 0 ? ` It said: ${lines.slice(-5).join(' / ')}` : ''
  throw new ActionError('wrong-state', `${name} ${why}.${said}`, {
    advice: 'Run the command by hand and look at what it says; here it runs in the workspace, by the system shell.',
  })
}
