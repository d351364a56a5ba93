import { ActionError, messageOf } from '@deploy-kit/core/errors'
import type { Inputs } from './inputs.ts'
import type { LinePlan } from './measurement.ts'
import { insideWorkspace } from './pattern.ts'

/** What the lines of `files` measure. */
export function planLines(inputs: Inputs): LinePlan[] {
  return inputs.files.map((line): LinePlan => {
    const bytes = line.budgetBytes ?? inputs.budget
    return {
      name: line.name,
      compression: inputs.compression,
      source: { kind: 'sum', globs: line.globs },
      ...(bytes !== undefined && { budget: { bytes, rule: 'budget' } }),
    }
  })
}

/**
 * Lines and exclusions with every pattern relative to the workspace.
 *
 * @throws {ActionError} `bad-input` for every pattern that lies outside it
 */
export function placeInWorkspace(
  lines: readonly LinePlan[],
  exclude: readonly string[],
  workspace: string,
): { lines: LinePlan[]; exclude: string[] } {
  const problems: string[] = []
  const inside = (glob: string, name: string): string => {
    try {
      return insideWorkspace(glob, workspace)
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`)
      return glob
    }
  }
  const placed = {
    lines: lines.map((line): LinePlan => {
      const all = (globs: readonly string[]): string[] => globs.map((glob) => inside(glob, line.name))
      const { source } = line
      return {
        ...line,
        source: source.kind === 'listed' ? source : { ...source, globs: all(source.globs) },
        ...(line.exclude && { exclude: all(line.exclude) }),
      }
    }),
    exclude: exclude.map((glob) => inside(glob, 'exclude')),
  }
  if (problems.length === 0) return placed
  throw new ActionError('bad-input', problems.join('\n'), { advice: 'Nothing was sent or changed.' })
}
