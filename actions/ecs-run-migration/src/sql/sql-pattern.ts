import { isAbsolute } from 'node:path'

/** What is wrong with a pattern, if anything: it has to stay in the workspace. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.startsWith('!')) return `'${pattern}' leaves files out; give patterns of the files that are run`
  const outside = isAbsolute(pattern) || pattern.split(/[/\\{},()|]/).includes('..')
  return outside ? `'${pattern}' leaves the workspace; only files inside it are read` : undefined
}
