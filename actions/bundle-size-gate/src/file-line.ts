import type { Field } from '@deploy-kit/core/inputs'
import { parseSize } from '@deploy-kit/core/size'
import { pattern } from './pattern.ts'

/** One line of `files`: what it is called, which files it adds up and how large it may be. */
export interface FileLine {
  readonly name: string
  /** Globs relative to the workspace; a file that matches any of them is counted once. */
  readonly globs: readonly string[]
  readonly budgetBytes?: number
}

/** `glob`, `name | glob` or `name | glob | budget`. A bar inside brackets, or after a backslash, belongs to the glob. */
export function fileLine(): Field<FileLine> {
  return {
    parse: (given) => {
      const parts = splitAtBars(given)
      if (parts.length === 1) return { name: given, globs: [pattern().parse(given)] }
      if (parts.length > 3) throw new RangeError(`'${given}' has ${parts.length} parts; write name | glob | budget`)
      const [name = '', glob = '', budget = ''] = parts
      if (name === '') throw new RangeError(`'${given}' has no name before its first |; write name | glob | budget`)
      if (glob === '') throw new RangeError(`'${given}' has no glob after its first |; write name | glob | budget`)
      const line = { name, globs: [pattern().parse(glob)] }
      return budget === '' ? line : { ...line, budgetBytes: readBudget(name, budget) }
    },
  }
}

function readBudget(name: string, budget: string): number {
  try {
    return parseSize(budget)
  } catch (error) {
    throw new RangeError(`the budget of '${name}' ${error instanceof Error ? error.message : String(error)}`)
  }
}

const OPENING = '([{'
const CLOSING = ')]}'

function splitAtBars(given: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (let at = 0; at < given.length; at += 1) {
    const character = given[at] ?? ''
    if (character === '\\') {
      part += character + (given[at + 1] ?? '')
      at += 1
      continue
    }
    if (OPENING.includes(character)) depth += 1
    if (CLOSING.includes(character)) depth = Math.max(0, depth - 1)
    if (character === '|' && depth === 0) {
      parts.push(part.trim())
      part = ''
    } else {
      part += character
    }
  }
  return [...parts, part.trim()]
}

/** Two lines of one name could not be told apart in the baseline. */
export function findSameNames(lines: readonly { name: string }[]): string[] {
  const counts = new Map<string, number>()
  for (const { name } of lines) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].filter(([, count]) => count > 1).map(([name]) => name)
}
