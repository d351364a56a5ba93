import { messageOf } from '@deploy-kit/core/errors'
import type { Field } from '@deploy-kit/core/inputs'
import { stripContentHash } from './content-hash.ts'

/** The name of a file that stays the same from build to build. */
export type NameRule = (path: string) => string

/** `auto`, `off`, or a regular expression whose matches are removed. */
export function nameRule(): Field<NameRule> {
  return {
    parse: (given) => {
      if (given === 'auto') return stripContentHash
      if (given === 'off') return (path) => path
      let expression: RegExp
      try {
        expression = new RegExp(given, 'g')
      } catch (error) {
        throw new RangeError(`'${given}' is neither auto, off nor a regular expression: ${messageOf(error)}`)
      }
      if (expression.test(''))
        throw new RangeError(`'${given}' also matches nothing at all; it has to match the hash only`)
      return (path) => path.replace(expression, '')
    },
  }
}

interface Pair {
  readonly name: string
  readonly before?: string
  readonly after?: string
}

/**
 * Joins files of two builds by their names without hashes. Where two files of one build share such a name, nobody can
 * say which is which: they are joined by their full names only, and the shared name is listed.
 */
export function joinFiles(
  before: readonly string[],
  after: readonly string[],
  nameOf: NameRule,
): { pairs: Pair[]; collisions: string[] } {
  const old = Map.groupBy(before, nameOf)
  const current = Map.groupBy(after, nameOf)
  const pairs: Pair[] = []
  const collisions: string[] = []
  for (const name of [...new Set([...current.keys(), ...old.keys()])].sort()) {
    const [olds, news] = [old.get(name) ?? [], current.get(name) ?? []]
    if (olds.length <= 1 && news.length <= 1) {
      pairs.push(pair(name, olds[0], news[0]))
      continue
    }
    collisions.push(name)
    for (const path of [...new Set([...news, ...olds])].sort())
      pairs.push(pair(path, olds.includes(path) ? path : undefined, news.includes(path) ? path : undefined))
  }
  return { pairs, collisions }
}

/** Names that several files of one build share once their hashes are removed: nobody can say which of them is which. */
export function findCollisions(paths: readonly string[], nameOf: NameRule): string[] {
  const shared = [...Map.groupBy(paths, nameOf)].filter(([, sharing]) => sharing.length > 1)
  return shared.map(([name]) => name).sort()
}

/** Names for files of one build: without hashes, except where two files would share one. */
export function nameFiles(paths: readonly string[], nameOf: NameRule): string[] {
  const shared = Map.groupBy(paths, nameOf)
  return paths.map((path) => ((shared.get(nameOf(path)) ?? []).length > 1 ? path : nameOf(path)))
}

function pair(name: string, before: string | undefined, after: string | undefined): Pair {
  return { name, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }
}
