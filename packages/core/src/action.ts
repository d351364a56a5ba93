import type { Clock } from './clock.ts'
import type { GitHubRun } from './github-run.ts'
import type { CrossCheck, Environment, Fields, InputProblem, InputsOf } from './inputs.ts'
import type { Log } from './log.ts'
import type { ActionManifest } from './manifest.ts'

/** An action as the runner sees it: what it reads, and what it does. */
export interface Action<F extends Fields> {
  /** The action's folder: `health-check`. */
  readonly name: string
  readonly manifest: ActionManifest
  readonly fields: F
  readonly check?: CrossCheck<F>
  /**
   * What only the environment and files tell about the inputs: the region, a file that one of them names, the workspace,
   * the event. It is said in one message with everything else that is wrong with them.
   */
  readonly checkAgainstFiles?: (
    inputs: Partial<InputsOf<F>>,
    environment: Environment,
  ) => Promise<readonly InputProblem[]>
  /** The step itself. A verdict is returned, an error is thrown. */
  readonly main: (inputs: InputsOf<F>, context: ActionContext) => Promise<Verdict>
  /** The post step, where action.yml has one. */
  readonly post?: (inputs: InputsOf<F>, context: ActionContext) => Promise<Verdict>
}

/**
 * How a run ended. `failed` and `cancelled` fail the step; `warning` leaves it green with an annotation, and `noted`
 * without one: whoever asked for that reads the outputs.
 */
export interface Verdict {
  readonly conclusion: 'success' | 'noted' | 'warning' | 'failed' | 'cancelled'
  /** One sentence: the annotation's text, the log's last line and the summary's headline. */
  readonly headline: string
  /** Further lines of a failure's annotation, where the summary shows them in another form: the end of a log. */
  readonly details?: string
  /** Markdown below the headline: a table, and on failure the diagnosis. */
  readonly summary: string
}

/** What an action works with. Nothing else reaches the process, the environment or GitHub. */
export interface ActionContext {
  /** Aborts with the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Aborts 5 s after `signal`: for the action's own clean-up. */
  readonly cleanUpSignal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  readonly run: GitHubRun
  /** The job's variables, for what has no input: the workspace, RUNNER_TEMP, AWS's and GitHub's own. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Sets an output at once, so that a later `if: failure()` step has it whatever happens next. */
  setOutput(name: string, value: string | number | boolean | object): void
  /** State that the post step reads. */
  saveState(name: string, value: string): void
  readState(name: string): string
  /** Keeps a text that was learnt at run time out of the log, the outputs and the summary. */
  mask(secret: string): void
}

/** Ties the types of fields and functions together. */
export function defineAction<F extends Fields>(action: Action<F>): Action<F> {
  return action
}
