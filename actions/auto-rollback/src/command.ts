import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { runShell } from '@deploy-kit/core/shell'

/**
 * Runs one of the user's commands in the workspace and prints what it says.
 *
 * @returns what it wrote to stdout
 * @throws {ActionError} wrong-state when it does not exit with 0 in time
 */
export async function runCommand(
  command: string,
  options: { name: string; variables?: Readonly<Record<string, string>>; deadline: Deadline; context: ActionContext },
): Promise<string> {
  const { name, variables = {}, deadline, context } = options
  const result = await runShell(command, {
    environment: { ...context.environment, ...variables },
    timeoutMs: deadline.remainingMs(),
    signal: context.signal,
    clock: context.clock,
  })
  const lines = [result.stdout, result.stderr].flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '')
  await context.log.outside(lines.map((line) => `| ${line}`))
  if (context.signal.aborted) throw new CancelledError()
  if (result.exitCode === 0 && !result.timedOut) return result.stdout
  const why = result.timedOut
    ? 'did not end before the timeout'
    : result.exitCode === null
      ? 'was ended by a signal'
      : `exited with ${result.exitCode}`
  const said = lines.length > 0 ? ` It said: ${lines.slice(-5).join(' / ')}` : ''
  throw new ActionError('wrong-state', `${name} ${why}.${said}`, {
    advice: 'Run the command by hand and look at what it says; here it runs in the workspace, by the system shell.',
  })
}
