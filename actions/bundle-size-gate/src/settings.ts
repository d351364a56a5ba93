import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError, messageOf } from '@deploy-kit/core/errors'
import type { InputProblem } from '@deploy-kit/core/inputs'
import type { ConfigFile } from './config-file.ts'
import { isDefault, overlay } from './config-overlay.ts'
import type { NameRule } from './file-names.ts'
import type { ForeignConfig } from './foreign-config.ts'
import { checkPlaces, placeInWorkspace, planLines } from './gate-plan.ts'
import { checkFiles, checkTogether, type Inputs } from './inputs.ts'
import type { LinePlan } from './measurement.ts'
import { readTrigger } from './trigger.ts'

type Environment = ActionContext['environment']

/** What the gate is to do, from the inputs and the configuration file together. */
export interface Settings {
  readonly inputs: Inputs
  readonly lines: readonly LinePlan[]
  readonly exclude: readonly string[]
  readonly nameRule: NameRule
}

/** Inputs with what the configuration file says laid over them, as far as both can be read. */
interface Combined {
  readonly inputs: Partial<Inputs>
  readonly foreign?: ForeignConfig
  readonly problems: readonly InputProblem[]
}

/** What is wrong with the configuration file, and with patterns and names that depend on the workspace and the event. */
export async function checkSettings(
  given: Partial<Inputs>,
  environment: Environment,
): Promise<readonly InputProblem[]> {
  let workspace: string
  try {
    workspace = findWorkspace(environment)
  } catch {
    // Without a workspace there is more to say than about inputs.
    return []
  }
  const { inputs, foreign, problems } = await combine(given, workspace)
  const places = checkPlaces(inputs, foreign?.lines ?? [], workspace)
  return [...problems, ...places, ...checkBranch(inputs, environment)]
}

/**
 * Reads the configuration file, if there is one, and lays it over the inputs, for which checkSettings found no problem.
 *
 * @throws {ActionError} `bad-input` when the file has been changed for the worse since
 */
export async function readSettings(given: Inputs, workspace: string, context: ActionContext): Promise<Settings> {
  const { inputs: combined, foreign, problems } = await combine(given, workspace)
  const [problem] = problems
  if (problem) {
    const message = `${problem.inputs.join(', ')}: ${problem.message}`
    throw new ActionError('bad-input', message, { advice: 'It was another a moment ago. Nothing was sent or changed.' })
  }
  const inputs = combined as Inputs
  for (const note of foreign?.notes ?? []) context.log.info(note)
  const lines = foreign ? withBudget(foreign.lines, inputs.budget) : planLines(inputs)
  // These tools measure what matches, source maps too; only an exclude that was really given leaves files out.
  const exclude = foreign && isDefault('exclude', inputs) ? [] : inputs.exclude
  return { inputs, ...placeInWorkspace(lines, exclude, workspace), nameRule: foreign?.nameRule ?? inputs.stripHash }
}

/**
 * The workspace without links in its path.
 * @throws {ActionError} `wrong-state` when it cannot be entered
 */
export function findWorkspace(environment: Environment): string {
  const given = resolve(environment.GITHUB_WORKSPACE ?? '')
  try {
    return realpathSync.native(given)
  } catch (error) {
    throw new ActionError('wrong-state', `The workspace ${given} cannot be entered: ${messageOf(error)}.`)
  }
}

async function combine(given: Partial<Inputs>, workspace: string): Promise<Combined> {
  if (given.config === undefined) return { inputs: given, problems: [] }
  let file: ConfigFile
  try {
    // The YAML parser is more than all the rest of this action: it is loaded when there is a file to read.
    const { readConfigFile } = await import('./config-file.ts')
    file = await readConfigFile(given.config, workspace)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { inputs: given, problems: [{ inputs: ['config'], message: `${given.config}: ${error.message}` }] }
  }
  if (file.kind === 'foreign')
    return { inputs: given, foreign: file, problems: [...checkForeign(given, file), ...checkTogether(given)] }
  const { inputs, problems } = overlay(given, given.config, file.inputs)
  return { inputs, problems: [...problems, ...checkFiles(inputs), ...checkTogether(inputs)] }
}

function checkForeign(inputs: Partial<Inputs>, { tool }: ForeignConfig): InputProblem[] {
  const problems: InputProblem[] = []
  if ((inputs.files ?? []).length > 0)
    problems.push({ inputs: ['files'], message: `${tool}'s configuration says what to measure; give one of them` })
  if (!isDefault('compression', inputs))
    problems.push({ inputs: ['compression'], message: `${tool}'s configuration says it for each entry` })
  return problems
}

/** Sizes on the default branch would be committed to the code. */
function checkBranch(inputs: Partial<Inputs>, environment: Environment): InputProblem[] {
  const { baseline, baselineBranch } = inputs
  if (baseline !== 'branch' || baselineBranch !== readTrigger(environment).defaultBranch) return []
  const message = `'${baselineBranch}' is the default branch of this repository; name one that holds nothing but data`
  return [{ inputs: ['baseline-branch'], message }]
}

/** `budget` holds for each line without its own, in another tool's configuration too. */
function withBudget(lines: readonly LinePlan[], bytes: number | undefined): LinePlan[] {
  return lines.map((line) =>
    line.budget || bytes === undefined ? line : { ...line, budget: { bytes, rule: 'budget' } },
  )
}
