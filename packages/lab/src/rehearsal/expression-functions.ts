import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { data } from '@actions/expressions'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import { globSync } from 'tinyglobby'

export type JobStatus = 'success' | 'failure' | 'cancelled'

/** `success()`, `failure()`, `cancelled()` and `always()` for a step. */
export function stepStatusFunctions(status: JobStatus): readonly FunctionDefinition[] {
  return [
    define('always', () => true),
    define('cancelled', () => status === 'cancelled'),
    define('failure', () => status === 'failure'),
    define('success', () => status === 'success'),
  ]
}

export interface NeededJob {
  readonly id: string
  readonly result: string
}

/**
 * The same for a job: `success()` and `failure()` look at every job that it needs, directly or not, or at those that are
 * named as arguments.
 */
export function jobStatusFunctions(needed: readonly NeededJob[], isCancelled: boolean): readonly FunctionDefinition[] {
  const asked = (names: readonly string[]) =>
    names.length === 0 ? needed : needed.filter(({ id }) => names.includes(id))
  return [
    define('always', () => true),
    define('cancelled', () => isCancelled),
    define('failure', (names) => !isCancelled && asked(names).some(({ result }) => result === 'failure')),
    define('success', (names) => !isCancelled && asked(names).every(({ result }) => result === 'success')),
  ]
}

function define(name: string, call: (names: readonly string[]) => boolean): FunctionDefinition {
  return {
    name,
    minArgs: 0,
    maxArgs: Number.MAX_SAFE_INTEGER,
    call: (...args) => new data.BooleanData(call(args.map((argument) => argument.coerceString()))),
  }
}

/**
 * `hashFiles(…)`: a SHA-256 over the SHA-256 of each file that matches; empty when none does. `!` takes files away.
 * @see https://docs.github.com/actions/reference/workflows-and-actions/expressions#hashfiles
 */
export function hashFilesFunction(workspace: string): FunctionDefinition {
  return {
    name: 'hashFiles',
    minArgs: 1,
    maxArgs: 255,
    call: (...args) =>
      new data.StringData(
        hashFiles(
          workspace,
          args.map((argument) => argument.coerceString()),
        ),
      ),
  }
}

function hashFiles(workspace: string, patterns: readonly string[]): string {
  const files = new Set<string>()
  // As @actions/glob reads patterns: no braces, hidden files too, and a folder stands for all that lies in it.
  const options = { cwd: workspace, dot: true, braceExpansion: false, extglob: false, followSymbolicLinks: false }
  for (const pattern of patterns.flatMap((text) => text.split('\n')).map((line) => line.trim())) {
    if (pattern === '' || pattern.startsWith('#')) continue
    const isNegative = pattern.startsWith('!')
    for (const file of globSync(isNegative ? pattern.slice(1) : pattern, options))
      if (isNegative) files.delete(file)
      else if (!file.startsWith('../')) files.add(file)
  }
  if (files.size === 0) return ''
  const hash = createHash('sha256')
  for (const file of [...files].sort())
    hash.update(
      createHash('sha256')
        .update(readFileSync(join(workspace, file)))
        .digest(),
    )
  return hash.digest('hex')
}
