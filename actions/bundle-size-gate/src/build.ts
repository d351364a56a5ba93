import type { ActionContext } from '@deploy-kit/core/action'
import { formatDuration } from '@deploy-kit/core/duration'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { commandEnvironment, runShell } from '@deploy-kit/core/shell'

/**
 * Runs the build by the system shell in the workspace; its output goes to the log as it comes. It has no time limit of
 * its own: `timeout-minutes` of the step or the job ends it.
 *
 * @throws {ActionError} `wrong-state` with the exit code when the build fails
 * @throws {CancelledError} when the step is cancelled; the whole process group is ended
 */
export async function runBuild(
  command: string,
  options: { workspace: string; token: string | undefined; context: ActionContext },
): Promise<void> {
  const { workspace, token, context } = options
  context.log.info(`Building: ${command}`)
  using heartbeat = startHeartbeat(context)
  const result = await runShell(command, {
    environment: buildEnvironment(context.environment, token),
    directory: workspace,
    timeoutMs: Number.POSITIVE_INFINITY,
    signal: context.signal,
    clock: context.clock,
    onLines: (lines) => {
      heartbeat.seen()
      return context.log.outside(lines)
    },
  })
  if (context.signal.aborted) throw new CancelledError()
  if (result.exitCode === 0) return
  const how = result.exitCode === null ? 'was ended by a signal' : `exited with ${result.exitCode}`
  throw new ActionError('wrong-state', `The build-command '${command}' ${how}. Nothing was measured.`, {
    advice: 'Its output is in the log above.',
  })
}

const HEARTBEAT_MS = 30_000

/** A line whenever the build has said nothing for 30 s, so that nobody takes it for hung. */
function startHeartbeat({ clock, log }: ActionContext): Disposable & { seen(): void } {
  const startedAtMs = clock.nowMs()
  const ended = new AbortController()
  let lastLineAtMs = startedAtMs
  const beat = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await clock.sleep(lastLineAtMs + HEARTBEAT_MS - clock.nowMs(), ended.signal)
      if (ended.signal.aborted || clock.nowMs() - lastLineAtMs < HEARTBEAT_MS) continue
      lastLineAtMs = clock.nowMs()
      log.info(`still building (${formatDuration(lastLineAtMs - startedAtMs)} elapsed)`)
    }
  }
  void beat()
  return {
    seen: () => {
      lastLineAtMs = clock.nowMs()
    },
    [Symbol.dispose]: () => ended.abort(),
  }
}

/** Without this action's token, whatever variable holds it. */
function buildEnvironment(
  environment: ActionContext['environment'],
  token: string | undefined,
): Record<string, string | undefined> {
  const kept = Object.entries(commandEnvironment(environment)).filter(
    ([, value]) => token === undefined || !value?.includes(token),
  )
  return Object.fromEntries(kept)
}
