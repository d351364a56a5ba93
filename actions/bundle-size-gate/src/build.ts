import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { runShell } from '@deploy-kit/core/shell'

/**
 * What a `run:` step would not have either: the inputs of this action (its token among them), the files and state that
 * belong to this action alone, and the runner's own tokens.
 */
const OURS = /^(INPUT_|STATE_|GITHUB_OUTPUT$|GITHUB_STATE$|ACTIONS_RUNTIME_|ACTIONS_CACHE_URL$|ACTIONS_RESULTS_URL$)/i

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
  const result = await runShell(command, {
    environment: buildEnvironment(context.environment, token),
    directory: workspace,
    timeoutMs: Number.POSITIVE_INFINITY,
    signal: context.signal,
    clock: context.clock,
    onLines: (lines) => context.log.outside(lines),
  })
  if (context.signal.aborted) throw new CancelledError()
  if (result.exitCode === 0) return
  const how = result.exitCode === null ? 'was ended by a signal' : `exited with ${result.exitCode}`
  throw new ActionError('wrong-state', `The build-command '${command}' ${how}. Nothing was measured.`, {
    advice: 'Its output is in the log above.',
  })
}

/** Without this action's token, whatever variable holds it. */
function buildEnvironment(
  environment: ActionContext['environment'],
  token: string | undefined,
): Record<string, string | undefined> {
  const kept = Object.entries(environment).filter(([name, value]) => {
    return !OURS.test(name) && (token === undefined || !value?.includes(token))
  })
  return Object.fromEntries(kept)
}
