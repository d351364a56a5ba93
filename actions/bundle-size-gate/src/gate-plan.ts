import { ActionError, messageOf } from '@deploy-kit/core/errors'
import type { Inputs } from './inputs.ts'
import type { LinePlan } from './measurement.ts'
import { insideWorkspace } from './pattern.ts'

/**
 * What the lines of `files` measure.
 *
 * @throws {ActionError} `bad-input` for every pattern that lies outside the workspace
 */
export function planLines(inputs: Inputs, workspace: string): LinePlan[] {
  const problems: string[] = []
  const inside = (glob: string, input: string): string => {
    try {
      return insideWorkspace(glob, workspace)
    } catch (error) {
      problems.push(`${input}: ${messageOf(error)}`)
      return glob
    }
  }
  const lines = inputs.files.map((line): LinePlan => {
    const bytes = line.budgetBytes ?? inputs.budget
    return {
      name: line.name,
      compression: inputs.compression,
      source: { kind: 'sum', globs: line.globs.map((glob) => inside(glob, 'files')) },
      ...(bytes !== undefined && { budget: { bytes, rule: 'budget' } }),
    }
  })
  for (const glob of inputs.exclude) inside(glob, 'exclude')
  if (problems.length > 0)
    throw new ActionError('bad-input', problems.join('\n'), { advice: 'Nothing was sent or changed.' })
  return lines
}
