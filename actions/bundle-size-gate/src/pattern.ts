import { posix } from 'node:path'
import type { Field } from '@deploy-kit/core/inputs'

/** A glob inside the workspace, with forward slashes. Absolute ones are judged once the workspace is known. */
export function pattern(): Field<string> {
  return {
    parse: (given) => {
      if (given.startsWith('!') && !given.startsWith('!('))
        throw new RangeError(`'${given}' leaves files out; list it in exclude, without the !`)
      if (given.includes('\0')) throw new RangeError('a pattern cannot hold a NUL character')
      if (isAbsolute(given)) return given
      return withoutParents(given, given)
    },
  }
}

/** The pattern relative to `workspace`. @throws {RangeError} when it lies elsewhere */
export function insideWorkspace(given: string, workspace: string): string {
  if (!isAbsolute(given)) return given
  const slashed = workspace.replaceAll('\\', '/').replace(/\/$/, '')
  // On Windows github.workspace has backslashes, which are no escapes there.
  const path = given.startsWith('/') ? given : given.replaceAll('\\', '/')
  if (path === slashed) return '.'
  if (!path.startsWith(`${slashed}/`)) throw outside(given)
  return withoutParents(path.slice(slashed.length + 1), given)
}

function isAbsolute(given: string): boolean {
  return given.startsWith('/') || /^[A-Za-z]:[\\/]/.test(given)
}

/** Resolves `..` where it follows plain folders; after a wildcard, or inside braces, nobody can say where it leads. */
function withoutParents(path: string, given: string): string {
  if (!path.split(/[/\\{},()|]/).includes('..')) return path
  const firstWildcard = path.split('/').findIndex((segment) => /[*?[\]{}()!+@\\]/.test(segment))
  const segments = path.split('/')
  const fixed = firstWildcard < 0 ? segments : segments.slice(0, firstWildcard)
  const rest = segments.slice(fixed.length)
  if (rest.some((segment) => segment.split(/[\\{},()|]/).includes('..'))) throw outside(given)
  const resolved = posix.normalize(fixed.join('/'))
  if (resolved === '..' || resolved.startsWith('../')) throw outside(given)
  return [resolved, ...rest].join('/')
}

function outside(given: string): RangeError {
  return new RangeError(`'${given}' leaves the workspace; only files inside it can be measured`)
}
