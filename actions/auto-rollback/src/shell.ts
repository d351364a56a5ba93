import { spawn } from 'node:child_process'
import { kill } from 'node:process'
import { abortAfter } from '@deploy-kit/core/abort'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'

/** More than this nobody prints as a version. */
const MOST_OUTPUT = 64 * 1024
/** Between SIGTERM and SIGKILL; a cancelled step has five seconds in all. */
const GRACE_MS = 2000

/**
 * Runs a command by the system shell. Values reach it in its environment alone. It is a process group of its own, which
 * ends with the deadline or the step: `@actions/exec` could not end it.
 *
 * @returns what it wrote to stdout
 * @throws {ActionError} wrong-state when it does not exit with 0
 */
export async function runShell(
  command: string,
  options: { name: string; variables?: Readonly<Record<string, string>>; deadline: Deadline; context: ActionContext },
): Promise<string> {
  const { name, variables = {}, deadline, context } = options
  using limit = abortAfter(deadline.remainingMs(), context.clock, context.signal)
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...context.environment, ...variables },
  })
  const end = (): void => void endGroup(child.pid, context)
  limit.signal.addEventListener('abort', end, { once: true })
  if (limit.signal.aborted) end()
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] = (output[stream] + chunk).slice(-MOST_OUTPUT)
    })
  }
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  child.on('error', reject)
  child.on('close', (code, signal) => resolve(code === null ? `was ended by ${signal}` : `exited with ${code}`))
  const ending = await promise.finally(() => limit.signal.removeEventListener('abort', end))
  const lines = [output.stdout, output.stderr].flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '')
  context.log.outside(lines.map((line) => `| ${line}`))
  if (context.signal.aborted) throw new CancelledError()
  if (ending === 'exited with 0' && !limit.timedOut()) return output.stdout
  const why = limit.timedOut() ? 'did not end before the timeout' : ending
  throw new ActionError(
    'wrong-state',
    `${name} ${why}${lines.length > 0 ? `. It said: ${lines.slice(-5).join(' / ')}` : ''}`,
    {
      advice: `Run the command by hand and look at what it says; in a workflow it runs in the workspace, by the system shell.`,
    },
  )
}

/** A shell's children live on when it is killed; the group does not. */
async function endGroup(pid: number | undefined, { clock }: ActionContext): Promise<void> {
  if (pid === undefined) return
  try {
    kill(-pid, 'SIGTERM')
    await clock.sleep(GRACE_MS)
    kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
