import type { ActionContext } from '@deploy-kit/core/action'
import { ActionError } from '@deploy-kit/core/errors'
import { type Destruction, findDestruction, findInReading } from './destructive-statements.ts'
import { readSqlFiles, type SqlFile } from './sql-files.ts'
import { detectDialect, dialectNames, readSql, type SqlDialect } from './sql-text.ts'

export interface DestructionRule {
  readonly patterns: readonly string[]
  readonly dialect: SqlDialect | 'auto'
  readonly allowed: boolean
  /** The snapshot to go back to; destructive statements need one. */
  readonly snapshot: string | undefined
}

/**
 * Lets the migration go on if nothing in its SQL destroys data, or if that is allowed and there is a snapshot to go
 * back to.
 *
 * @throws {ActionError} wrong-state that names file, line and statement of everything destructive
 */
export async function checkDestruction(rule: DestructionRule, context: ActionContext): Promise<void> {
  const files = await readSqlFiles(rule.patterns, context)
  const found = files.flatMap((file) => listDestruction(file, rule.dialect))
  const count = `${files.length} SQL ${files.length === 1 ? 'file' : 'files'}`
  if (found.length === 0) {
    context.log.info(`${count} checked: no DROP, no TRUNCATE, no column drop.`)
    return
  }
  const what = `${found.length} destructive ${found.length === 1 ? 'statement' : 'statements'} in ${count}`
  if (rule.allowed && rule.snapshot !== undefined) {
    context.log.group(`Allowed: ${what}, with snapshot ${rule.snapshot} to go back to`, found)
    return
  }
  throw new ActionError('wrong-state', `${what}. Nothing was run.\n${found.join('\n')}`, { advice: adviceFor(rule) })
}

function adviceFor({ allowed, snapshot }: DestructionRule): string {
  if (allowed) return 'allow-destructive also needs require-snapshot: the snapshot to go back to.'
  if (snapshot !== undefined) return 'If this is meant, set allow-destructive: true.'
  return 'If this is meant, take a snapshot with rds-snapshot, name it in require-snapshot and set allow-destructive: true.'
}

/** One line each: `migrations/003.sql:12: DROP COLUMN in: ALTER TABLE accounts DROP COLUMN note`. */
function listDestruction({ path, text }: SqlFile, dialect: SqlDialect | 'auto'): readonly string[] {
  const found = new Map<number, Destruction>()
  for (const one of readWithCare(text, dialect)) found.set(one.from, found.get(one.from) ?? one)
  return [...found.values()]
    .sort((a, b) => a.from - b.from)
    .map(({ what, from, statement }) => `${path}:${lineOf(text, from)}: ${what} in: ${statement}`)
}

/** What the rules of its dialect do not fit is read in every way: rather a false alarm than a drop that goes unseen. */
function readWithCare(text: string, given: SqlDialect | 'auto'): readonly Destruction[] {
  const read = given === 'auto' ? detectDialect(text) : { dialect: given, reading: readSql(text, given) }
  if (read?.reading.clean) return findInReading(text, read.dialect, read.reading)
  const dialects = read === undefined ? dialectNames : [read.dialect]
  return dialects.flatMap((dialect) => [...findDestruction(text, dialect), ...findInLines(text, dialect)])
}

/** A string without an end, or what is taken for one, hides all that follows: each line is read by itself. */
function findInLines(text: string, dialect: SqlDialect): readonly Destruction[] {
  let next = 0
  return text.split('\n').flatMap((line) => {
    const offset = next
    next += line.length + 1
    return findInReading(line, dialect, readSql(line, dialect, offset), offset)
  })
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
