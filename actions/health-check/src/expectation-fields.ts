import { messageOf } from '@deploy-kit/core/errors'
import type { Field } from '@deploy-kit/core/inputs'
import { type Condition, formatCondition } from '@deploy-kit/core/probe/condition'
import { parseCondition } from '@deploy-kit/core/probe/condition-parser'
import type { PathStep } from '@deploy-kit/core/probe/json-value'
import { compilePattern, patternProblem } from '@deploy-kit/core/probe/pattern-matcher'
import { parseValuePath } from '@deploy-kit/core/probe/value-path'

/** One condition a line. The message of a bad one names its line and shows where it goes wrong. */
export const conditions: Field<readonly Condition[]> = {
  empty: { value: [] },
  parse: (given) => {
    const parsed: Condition[] = []
    const problems: string[] = []
    const seen = new Map<string, number>()
    for (const [index, line] of given.split(/\r?\n/).entries()) {
      if (line.trim() === '') continue
      try {
        const condition = parseCondition(line)
        const text = formatCondition(condition)
        const before = seen.get(text)
        if (before !== undefined) problems.push(`line ${index + 1}: ${text} stands on line ${before} already`)
        seen.set(text, index + 1)
        parsed.push(condition)
      } catch (error) {
        problems.push(`line ${index + 1}: ${messageOf(error)}`)
      }
    }
    if (problems.length > 0) throw new RangeError(problems.join('\n  '))
    return parsed
  },
}

export const pattern: Field<string> = {
  parse: (given) => {
    try {
      compilePattern(given)
    } catch (error) {
      throw new RangeError(`'${given}' is not a regular expression: ${patternProblem(error)}`)
    }
    return given
  },
}

export const valuePath: Field<readonly PathStep[]> = { parse: parseValuePath }
