import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError } from '@deploy-kit/core/errors'
import { readInputs } from '@deploy-kit/core/inputs'
import manifest from '../action.yml'
import type { ConfigFile } from './config-file.ts'
import type { NameRule } from './file-names.ts'
import type { ForeignConfig } from './foreign-config.ts'
import { placeInWorkspace, planLines } from './gate-plan.ts'
import { checkFiles, checkTogether, fields, type Inputs } from './inputs.ts'
import type { LinePlan } from './measurement.ts'

/** What the gate is to do, from the inputs and the configuration file together. */
export interface Settings {
  readonly inputs: Inputs
  readonly lines: readonly LinePlan[]
  readonly exclude: readonly string[]
  readonly nameRule: NameRule
}

/**
 * Reads the configuration file, if there is one, and lays it over the inputs.
 *
 * @throws {ActionError} `bad-input` for whatever cannot be used, before anything is built, measured or sent
 */
export async function readSettings(given: Inputs, workspace: string, context: ActionContext): Promise<Settings> {
  const file = given.config === undefined ? undefined : await readFile(given.config, workspace)
  if (file?.kind === 'foreign') return foreignSettings(given, file, workspace, context)
  const inputs = file ? overlay(given.config ?? '', file.inputs, context) : given
  const placed = placeInWorkspace(planLines(inputs), inputs.exclude, workspace)
  return { inputs, ...placed, nameRule: inputs.stripHash }
}

/** The YAML parser is more than all the rest of this action: it is loaded when there is a file to read. */
async function readFile(shown: string, workspace: string): Promise<ConfigFile> {
  const { readConfigFile } = await import('./config-file.ts')
  return readConfigFile(shown, workspace)
}

/** A key of the file is read by the rules of the input of its name, and wins over it. */
function overlay(shown: string, texts: Readonly<Record<string, string>>, context: ActionContext): Inputs {
  const variables = Object.entries(texts).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text])
  const environment = { ...context.environment, ...Object.fromEntries(variables) }
  try {
    return readInputs(manifest, fields, environment, (inputs) => [...checkFiles(inputs), ...checkTogether(inputs)])
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== 'bad-input') throw error
    throw badInput(`With ${shown} (${Object.keys(texts).join(', ')}): ${error.message}`)
  }
}

function foreignSettings(inputs: Inputs, config: ForeignConfig, workspace: string, context: ActionContext): Settings {
  const problems = checkTogether(inputs).map((problem) => `${problem.inputs.join(', ')}: ${problem.message}`)
  const byDefault = (name: string): boolean => {
    const given = context.environment[`INPUT_${name.toUpperCase()}`]?.trim() ?? ''
    return given === '' || given === manifest.inputs[name]?.default
  }
  if (inputs.files.length > 0)
    problems.push(`files: ${config.tool}'s configuration says what to measure; give one of them`)
  if (!byDefault('compression')) problems.push(`compression: ${config.tool}'s configuration says it for each entry`)
  if (problems.length > 0) throw badInput(problems.join('\n'))
  for (const note of config.notes) context.log.info(note)
  const { budget } = inputs
  const lines = config.lines.map((line): LinePlan => {
    return line.budget || budget === undefined ? line : { ...line, budget: { bytes: budget, rule: 'budget' } }
  })
  // These tools measure what matches, source maps too; only an exclude that was really given leaves files out.
  const exclude = byDefault('exclude') ? [] : inputs.exclude
  return { inputs, ...placeInWorkspace(lines, exclude, workspace), nameRule: config.nameRule ?? inputs.stripHash }
}

function badInput(message: string): ActionError {
  return new ActionError('bad-input', message, { advice: 'Nothing was sent or changed.' })
}
