import { readSql, type SqlDialect, type SqlToken } from './sql-text.ts'

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
export function findDestruction(text: string, dialect: SqlDialect, offset = 0): readonly Destruction[] {
  return splitStatements(readSql(text, dialect, offset).tokens).flatMap((tokens) => [
    ...findInStatement(tokens).map(({ what, from }) => ({ what, from, statement: quote(text, tokens, offset) })),
    ...executedTexts(tokens).flatMap(({ body, from }) => findDestruction(body, dialect, from)),
  ])
}

type Found = Pick<Destruction, 'what' | 'from'>

/** What DROP takes as a statement, and what nothing else has after the word DROP. */
const DROPPED = new Set(
  'TABLE TEMPORARY DATABASE SCHEMA VIEW MATERIALIZED SEQUENCE TYPE DOMAIN FUNCTION PROCEDURE ROUTINE TRIGGER INDEX USER ROLE OWNED TABLESPACE EXTENSION SYNONYM PACKAGE'.split(
    ' ',
  ),
)
/** After these a statement begins without a semicolon before it. */
const BEFORE_STATEMENT = new Set(['BEGIN', 'THEN', 'ELSE', 'LOOP', 'GO', 'DECLARE'])
/** In these, DROP and TRUNCATE are privileges or members of a list. */
const NO_DROP_WITHIN = new Set(['GRANT', 'REVOKE', 'COMMENT', 'DENY'])

function findInStatement(tokens: readonly SqlToken[]): readonly Found[] {
  const [first = '', second = '', third = ''] = tokens.slice(0, 3).map(({ word }) => word)
  if (NO_DROP_WITHIN.has(first)) return []
  if (first === 'ALTER') {
    if (second === 'TABLE' || (second === 'FOREIGN' && third === 'TABLE')) return findInAlterTable(tokens)
    return second === 'TYPE' ? findPairs(tokens, 'DROP', ['ATTRIBUTE']) : []
  }
  return tokens.flatMap(({ word, from }, at) => {
    const begins = at === 0 || BEFORE_STATEMENT.has(tokens[at - 1]?.word ?? '')
    const next = tokens[at + 1]?.word ?? ''
    if (word === 'DROP' && (begins || DROPPED.has(next))) return [{ what: `DROP ${next}`.trimEnd(), from }]
    const truncates = begins ? tokens[at + 1]?.text !== '(' : next === 'TABLE' && first !== 'CREATE'
    return word === 'TRUNCATE' && truncates ? [{ what: 'TRUNCATE', from }] : []
  })
}

function findPairs(tokens: readonly SqlToken[], word: string, nexts: readonly string[]): readonly Found[] {
  return tokens.flatMap((token, at) => {
    const next = tokens[at + 1]?.word ?? ''
    return token.word === word && nexts.includes(next) ? [{ what: `${word} ${next}`, from: token.from }] : []
  })
}

/** After DROP in ALTER TABLE and before a name: what is not a column (PostgreSQL, MySQL, SQL Server, Oracle: ALTER TABLE). */
const NOT_A_COLUMN = new Set(['INDEX', 'KEY', 'CHECK', 'PRIMARY', 'FOREIGN', 'UNIQUE', 'PERIOD', 'SUPPLEMENTAL'])

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
    if (before?.word === 'COLUMN' || before?.text === '.') continue
    if (token.word === 'ALTER' || token.word === 'MODIFY') action = token.word
    if (token.word === 'TRUNCATE' && next?.word === 'PARTITION')
      found.push({ what: 'TRUNCATE PARTITION', from: token.from })
    if (token.word !== 'DROP' || action === 'ALTER' || action === 'MODIFY') continue
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
