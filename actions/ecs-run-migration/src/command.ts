import type { Field } from '@deploy-kit/core/inputs'
import { split } from 'shlex'

/** A command as a JSON list, or as shell words: quotes and backslashes as in a POSIX shell, and nothing else of it. */
export function commandField(): Field<readonly string[]> {
  return { parse: (given) => (given.startsWith('[') ? parseList(given) : parseWords(given)) }
}

function parseList(given: string): readonly string[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(given)
  } catch (error) {
    throw new RangeError(`begins with [ but is not a JSON list: ${(error as Error).message}`)
  }
  if (!Array.isArray(parsed) || parsed.length === 0 || !parsed.every((word) => typeof word === 'string')) {
    throw new RangeError(`'${given}' is not a JSON list of texts; write ["node", "migrate.js"]`)
  }
  return parsed
}

function parseWords(given: string): readonly string[] {
  try {
    return split(given)
  } catch (error) {
    throw new RangeError(`'${given}' cannot be split into words: ${(error as Error).message}`)
  }
}
