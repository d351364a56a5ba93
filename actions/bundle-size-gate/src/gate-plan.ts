import { isAbsolute, relative, resolve, sep } from 'node:path'
import { messageOf } from '@deploy-kit/core/errors'
import type { InputProblem } from '@deploy-kit/core/inputs'
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

/** Lines and exclusions with every pattern relative to the workspace; checkPlaces has found that they are inside. */
export function placeInWorkspace(
  lines: readonly LinePlan[],
  exclude: readonly string[],
  workspace: string,
): { lines: LinePlan[]; exclude: string[] } {
  const inside = (globs: readonly string[]): string[] => globs.map((glob) => insideWorkspace(glob, workspace))
  const place = (line: LinePlan): LinePlan => {
    const { source } = line
    return {
      ...line,
      source: source.kind === 'listed' ? source : { ...source, globs: inside(source.globs) },
      ...(line.exclude && { exclude: inside(line.exclude) }),
    }
  }
  return { lines: lines.map(place), exclude: inside(exclude) }
}

/** What lies outside the workspace: patterns of inputs and of another tool's lines, and `next-dir`. */
export function checkPlaces(
  { files = [], exclude = [], nextDir }: Partial<Inputs>,
  foreign: readonly LinePlan[],
  workspace: string,
): InputProblem[] {
  const problems: InputProblem[] = []
  const check = (input: string, globs: readonly string[]): void => {
    for (const glob of globs) {
      try {
        insideWorkspace(glob, workspace)
      } catch (error) {
        problems.push({ inputs: [input], message: messageOf(error) })
      }
    }
  }
  check(
    'files',
    files.flatMap(({ globs }) => globs),
  )
  check('exclude', exclude)
  for (const { source, exclude: without = [] } of foreign)
    check('config', [...(source.kind === 'listed' ? [] : source.globs), ...without])
  if (nextDir !== undefined && !isInside(nextDir, workspace)) {
    const message = `'${nextDir}' lies outside the workspace; only files inside it can be measured`
    problems.push({ inputs: ['next-dir'], message })
  }
  return problems
}

function isInside(folder: string, workspace: string): boolean {
  const path = relative(workspace, resolve(workspace, folder))
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
}
