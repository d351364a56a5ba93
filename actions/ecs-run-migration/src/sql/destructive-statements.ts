import { readSql, type SqlDialect, type SqlReading, type SqlToken } from './sql-text.ts'

/** A statement, or a part of one, that destroys data. */
export interface Destruction {
  /** What it is: `DROP TABLE`, `TRUNCATE`, `DROP COLUMN`. */
  readonly what: string
  /** Offset in the text. */
  readonly from: number
  /** The statement that it is in, on one line. */
  readonly statement: string
}

/**
 * DROP and TRUNCATE statements and column drops, wherever they are code: in DO blocks and in the text that EXECUTE is
 * given as well, in comments, strings and quoted names not.
 */
export function findDestruction(text: string, dialect: SqlDialect): readonly Destruction[] {
  return findInReading(text, dialect, readSql(text, dialect))
}

/** The same for a text that was read already, or for a part of one that begins at `offset`. */
export function findInReading(
  text: string,
  dialect: SqlDialect,
  { tokens }: SqlReading,
  offset = 0,
): readonly Destruction[] {
  return splitStatements(tokens).flatMap((statement) => [
    ...findInStatement(statement).map(({ what, from }) => ({ what, from, statement: quote(text, statement, offset) })),
    ...executedTexts(statement).flatMap(({ body, from }) =>
      findInReading(body, dialect, readSql(body, dialect, from), from),
    ),
  ])
}

type Found = Pick<Destruction, 'what' | 'from'>

/** What DROP takes as a statement, and what nothing else has after the word DROP. */
const DROPPED = new Set(
  'TABLE TEMPORARY DATABASE SCHEMA VIEW MATERIALIZED SEQUENCE TYPE DOMAIN FUNCTION PROCEDURE PROC ROUTINE TRIGGER INDEX USER ROLE OWNED TABLESPACE EXTENSION SYNONYM PACKAGE'.split(
    ' ',
  ),
)
/** After these a statement begins without a semicolon before it. */
const BEFORE_STATEMENT = new Set(['BEGIN', 'THEN', 'ELSE', 'LOOP', 'DECLARE'])
/** In these, DROP and TRUNCATE are privileges. */
const PRIVILEGES = new Set(['GRANT', 'REVOKE', 'COMMENT', 'DENY'])
/** What ALTER drops from these is a member of a list and goes on existing. */
const LISTS = new Set(['PUBLICATION', 'EXTENSION', 'OPERATOR'])

/** A block has no semicolon after BEGIN or THEN, and SQL Server needs none at all: ALTER begins a part of its own. */
function findInStatement(tokens: readonly SqlToken[]): readonly Found[] {
  if (PRIVILEGES.has(tokens[0]?.word ?? '')) return []
  const starts = tokens.flatMap((_, at) => (beginsAlter(tokens, at) ? [at] : []))
  const bounds = [0, ...starts.filter((at) => at > 0), tokens.length]
  return bounds.slice(1).flatMap((end, index) => findInPart(tokens.slice(bounds[index], end)))
}

function beginsAlter(tokens: readonly SqlToken[], at: number): boolean {
  if (tokens[at]?.word !== 'ALTER') return false
  return alters(tokens, at) === 'TABLE' || BEFORE_STATEMENT.has(tokens[at - 1]?.word ?? '')
}

/** What the ALTER at this place alters. */
function alters(tokens: readonly SqlToken[], at: number): string {
  const next = tokens[at + 1]?.word ?? ''
  // MariaDB: ALTER [ONLINE] [IGNORE] TABLE; PostgreSQL: ALTER FOREIGN TABLE.
  return ['ONLINE', 'OFFLINE', 'IGNORE', 'FOREIGN'].includes(next) ? alters(tokens, at + 1) : next
}

function findInPart(tokens: readonly SqlToken[]): readonly Found[] {
  const altered = tokens[0]?.word === 'ALTER' ? alters(tokens, 0) : ''
  if (altered === 'TABLE') return findInAlterTable(tokens)
  if (LISTS.has(altered)) return []
  return tokens.flatMap((token, at) => {
    const { word, from } = token
    const begins = at === 0 || isAfterEnd(tokens[at - 1], token)
    const next = tokens[at + 1]
    const drops = begins || DROPPED.has(next?.word ?? '') || (altered === 'TYPE' && next?.word === 'ATTRIBUTE')
    if (word === 'DROP' && drops) return [{ what: `DROP ${next?.word ?? ''}`.trimEnd(), from }]
    const truncates = begins ? next?.text !== '(' : next?.word === 'TABLE'
    return word === 'TRUNCATE' && truncates ? [{ what: 'TRUNCATE', from }] : []
  })
}

/** After a word that opens a block, or after a line that ends in what DELIMITER sets or SQL*Plus takes for an end. */
function isAfterEnd(before: SqlToken | undefined, { onNewLine }: SqlToken): boolean {
  if (before === undefined) return false
  return BEFORE_STATEMENT.has(before.word) || (before.kind === 'other' && /^[/$|]+$/.test(before.text) && onNewLine)
}

/** After DROP in ALTER TABLE and before a name: what is not a column (PostgreSQL, MySQL, SQL Server, Oracle: ALTER TABLE). */
const NOT_A_COLUMN = new Set(['INDEX', 'KEY', 'CHECK', 'PRIMARY', 'FOREIGN', 'UNIQUE', 'PERIOD', 'SUPPLEMENTAL'])
/** After these comes a column's name, whatever it is. */
const BEFORE_COLUMN = new Set(['COLUMN', 'RENAME', 'ADD'])

function findInAlterTable(tokens: readonly SqlToken[]): readonly Found[] {
  const found: Found[] = []
  let depth = 0
  /** The first word of the present action: ADD, DROP, ALTER COLUMN …, of which a statement has a list. */
  let action = ''
  for (let at = 2; at < tokens.length; at += 1) {
    const token = tokens[at] as SqlToken
    if (token.text === '(') depth += 1
    if (token.text === ')') depth -= 1
    if (depth > 0) continue
    const before = tokens[at - 1]
    const next = skipIfExists(tokens, at + 1)
    if (token.text === ',') {
      // SQL Server lists what one DROP drops: DROP CONSTRAINT a, COLUMN b.
      if (action === 'DROP' && next?.word === 'COLUMN') found.push({ what: 'DROP COLUMN', from: next.from })
      else if (next?.word === 'DROP' || next?.word === 'ALTER' || next?.word === 'MODIFY') action = ''
      continue
    }
    if (before?.text === '.' || BEFORE_COLUMN.has(before?.word ?? '')) continue
    if (token.word === 'ALTER' || token.word === 'MODIFY') action = token.word
    if (token.word === 'TRUNCATE' && next?.word === 'PARTITION')
      found.push({ what: 'TRUNCATE PARTITION', from: token.from })
    if (token.word === 'TRUNCATE' && (next?.word === 'TABLE' || isAfterEnd(before, token)))
      found.push({ what: 'TRUNCATE', from: token.from })
    if (token.word === 'SET' && next?.word === 'UNUSED') found.push({ what: 'SET UNUSED', from: token.from })
    if (token.word !== 'DROP') continue
    // A column's own DROP NOT NULL and the like; the next statement's DROP TABLE is something else.
    if ((action === 'ALTER' || action === 'MODIFY') && !DROPPED.has(next?.word ?? '')) continue
    action = 'DROP'
    const what = droppedByAlterTable(tokens, at)
    if (what !== undefined) found.push({ what, from: token.from })
  }
  return found
}

/** What the DROP at this place drops, if that holds data. */
function droppedByAlterTable(tokens: readonly SqlToken[], at: number): string | undefined {
  const next = skipIfExists(tokens, at + 1)
  if (next === undefined) return undefined
  const after = skipIfExists(tokens, tokens.indexOf(next) + 1)
  if (next.word === 'CONSTRAINT') return undefined
  // A column may be called `key`; then no name follows.
  const isNamed = after?.kind === 'name' || (after?.kind === 'word' && !['CASCADE', 'RESTRICT'].includes(after.word))
  if (NOT_A_COLUMN.has(next.word) && (isNamed || after?.text === '(')) return undefined
  if (isNamed && (next.word.endsWith('PARTITION') || DROPPED.has(next.word))) return `DROP ${next.word}`
  return 'DROP COLUMN'
}

function skipIfExists(tokens: readonly SqlToken[], at: number): SqlToken | undefined {
  return tokens[at]?.word === 'IF' && tokens[at + 1]?.word === 'EXISTS' ? tokens[at + 2] : tokens[at]
}

function splitStatements(tokens: readonly SqlToken[]): readonly (readonly SqlToken[])[] {
  const statements: SqlToken[][] = [[]]
  for (const token of tokens) {
    if (token.text === ';' || token.word === 'GO') statements.push([])
    else statements.at(-1)?.push(token)
  }
  return statements.filter((statement) => statement.length > 0)
}

/** Texts that are run: the body of DO, and what EXECUTE (IMMEDIATE), EXEC or PREPARE is given. */
function executedTexts(tokens: readonly SqlToken[]): readonly { body: string; from: number }[] {
  const from = tokens[0]?.word === 'DO' ? 0 : tokens.findIndex(({ word }) => /^(EXEC|EXECUTE|PREPARE)$/.test(word))
  if (from < 0) return []
  return tokens.slice(from).flatMap(({ kind, text, from: start }) => {
    if (kind !== 'string') return []
    const opening = /^(\$\w*\$|[A-Za-z]*&?'|[A-Za-z]*")/.exec(text)?.[0] ?? ''
    const closing = opening.startsWith('$') ? opening.length : 1
    return [{ body: text.slice(opening.length, -closing), from: start + opening.length }]
  })
}

const LONGEST_QUOTE = 160

function quote(text: string, tokens: readonly SqlToken[], offset: number): string {
  const [first, last] = [tokens[0], tokens.at(-1)]
  if (first === undefined || last === undefined) return ''
  const flat = text.slice(first.from - offset, last.from - offset + last.text.length).replaceAll(/\s+/g, ' ')
  return flat.length > LONGEST_QUOTE ? `${flat.slice(0, LONGEST_QUOTE)}…` : flat
}
