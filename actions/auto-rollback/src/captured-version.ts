import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError } from '@deploy-kit/core/errors'
import { code, table } from '@deploy-kit/core/markdown'
import { runCommand } from './command.ts'
import { type Armed, announceArming } from './guard.ts'
import type { Inputs } from './inputs.ts'
import type { CommandBaseline } from './saved-baseline.ts'

/**
 * The post step is given it as JSON, and rollback-command as it is, in a variable each: Linux gives one 128 KiB
 * (MAX_ARG_STRLEN, execve(2)).
 */
const LONGEST_BYTES = 100_000

/** Mode guard for anything that is not ECS: remembers what the command prints. */
export async function captureByCommand(
  command: string,
  inputs: Inputs,
  context: ActionContext,
): Promise<Armed<CommandBaseline>> {
  const value = await captureVersion(command, { timeoutMs: inputs.timeout, context })
  return {
    baseline: { version: 1, kind: 'command', capturedAt: context.clock.date().toISOString(), value },
    headline: announceArming([`'${value}'`], inputs),
    summary: table(['put back if the job fails'], [[code(value)]]),
  }
}

/**
 * What capture-command prints, without blanks around it.
 *
 * @throws {ActionError} wrong-state when that is nothing, or nothing that can be handed to rollback-command
 */
export async function captureVersion(
  command: string,
  options: { timeoutMs: number; context: ActionContext; isQuiet?: boolean },
): Promise<string> {
  const value = (await runCommand(command, { name: 'capture-command', ...options })).trim()
  if (value === '') {
    throw new ActionError('wrong-state', 'capture-command printed nothing, so there is no version to remember.', {
      advice: 'Let it print the version that runs, and exit with another code than 0 when it cannot.',
    })
  }
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes > LONGEST_BYTES || value.includes('\0')) {
    const what = value.includes('\0') ? 'a NUL character' : `at least ${bytes} bytes`
    throw new ActionError(
      'wrong-state',
      `capture-command printed ${what}, which cannot be handed to rollback-command in a variable.`,
      { advice: 'Let it print a version only: a tag, a digest, a commit.' },
    )
  }
  return value
}
