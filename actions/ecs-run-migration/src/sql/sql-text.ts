import { MSSQL, MySQL, PLSQL, PostgreSQL, SQLDialect, SQLite } from '@codemirror/lang-sql'

/** A piece of SQL that is code: not blank, not a comment. */
export interface SqlToken {
  /** `word`: a keyword or a name without quotes; `name`: one with quotes. */
  readonly kind: 'word' | 'name' | 'string' | 'other'
  readonly text: string
  /** Of a word, in capitals; empty for all others. */
  readonly word: string
  /** Offset in the text that was read. */
  readonly from: number
  /** It is not on the line on which the token before it ends. */
  readonly onNewLine: boolean
}

export interface SqlReading {
  readonly tokens: readonly SqlToken[]
  /** Quotes and escapes are this dialect's, and every string and comment has an end. */
  readonly clean: boolean
}

export const dialectNames = ['postgresql', 'mysql', 'mssql', 'sqlite', 'oracle'] as const
export type SqlDialect = (typeof dialectNames)[number]

const dialects: Readonly<Record<SqlDialect, SQLDialect>> = {
  postgresql: PostgreSQL,
  // A backslash escapes in MySQL's strings (MySQL Reference Manual, "String Literals").
  mysql: SQLDialect.define({ ...MySQL.spec, backslashEscapes: true }),
  mssql: MSSQL,
  sqlite: SQLite,
  oracle: PLSQL,
}

/** SQLite, MySQL and Oracle end a comment at the first end that comes, whatever was opened within it. */
const NESTS_COMMENTS = new Set<SqlDialect>(['postgresql', 'mssql'])

const WORDS = new Set(['Keyword', 'Identifier', 'Type', 'Builtin', 'Bool', 'Null'])

/**
 * Reads SQL into tokens by the lexical rules of a dialect. MySQL's executable comments (`/*! … *​/`) are code.
 *
 * @param offset of `text` in the file, added to every token's
 */
export function readSql(text: string, dialect: SqlDialect, offset = 0): SqlReading {
  const sql = withoutClientLines(text, dialect)
  let tokens: readonly SqlToken[] = []
  let clean = true
  for (let start: number | undefined = 0; start !== undefined; ) {
    const part = readPart(sql.slice(start), dialect, offset + start)
    tokens = tokens.concat(part.tokens)
    clean &&= part.clean
    start = part.endedAt === undefined ? undefined : start + part.endedAt
  }
  return { tokens, clean }
}

/** Reads up to a comment that ends before the parser, which nests them all, believes: there the rest has to be read anew. */
function readPart(sql: string, dialect: SqlDialect, offset: number): SqlReading & { endedAt: number | undefined } {
  let tokens: SqlToken[] = []
  let clean = true
  let endOfLast = 0
  let endedAt: number | undefined
  dialects[dialect].language.parser.parse(sql).iterate({
    enter(node) {
      const { from, to } = node
      if (endedAt !== undefined) return
      if (node.type.isError && /[`\\]/.test(sql.slice(from, to))) clean = false
      if (node.node.firstChild !== null || node.type.isTop || node.name === 'LineComment') return
      const piece = sql.slice(from, to)
      if (node.name === 'BlockComment') {
        const comment = readComment(piece, dialect, offset + from)
        tokens = tokens.concat(comment.tokens)
        clean &&= comment.clean
        if (comment.length < piece.length) endedAt = from + comment.length
        return
      }
      if (node.name === 'QuotedIdentifier' || node.name === 'String') clean &&= isClosed(piece)
      // PostgreSQL would take a backtick for an operator; nobody has one.
      else if (!WORDS.has(node.name) && piece.includes('`')) clean = false
      const onNewLine = sql.slice(endOfLast, from).includes('\n')
      tokens.push({ ...kindOf(node.name, piece), text: piece, from: offset + from, onNewLine })
      endOfLast = to
    },
  })
  return { tokens, clean, endedAt }
}

/** How long it is, and what of it is code. */
function readComment(piece: string, dialect: SqlDialect, offset: number): SqlReading & { length: number } {
  const close = NESTS_COMMENTS.has(dialect) ? -1 : piece.indexOf('*/', 2)
  const comment = close < 0 ? piece : piece.slice(0, close + 2)
  const clean = comment.length >= 4 && comment.endsWith('*/')
  const opening = dialect === 'mysql' ? /^\/\*M?!\d*/.exec(comment)?.[0].length : undefined
  if (opening === undefined) return { tokens: [], clean, length: comment.length }
  const code = readSql(comment.slice(opening).replace(/\*\/$/, ''), dialect, offset + opening)
  return { tokens: code.tokens, clean: clean && code.clean, length: comment.length }
}

function kindOf(nodeName: string, piece: string): Pick<SqlToken, 'kind' | 'word'> {
  if (WORDS.has(nodeName)) return { kind: 'word', word: piece.toUpperCase() }
  const kind = nodeName === 'String' ? 'string' : nodeName === 'QuotedIdentifier' ? 'name' : 'other'
  return { kind, word: '' }
}

/**
 * Without what is for the client and knows no quotes: psql's and SQL*Plus's commands, and the rows of a COPY. Every
 * offset stays as it is.
 */
function withoutClientLines(text: string, dialect: SqlDialect): string {
  const sql = text.replaceAll(/\r(?!\n)/g, '\n')
  if (dialect === 'oracle') return sql.replaceAll(/^[ \t]*(PROMPT|REM|REMARK)\b.*$/gim, blank)
  if (dialect !== 'postgresql' || !/^\\/m.test(sql)) return sql
  const lines = sql.split('\n')
  const lastEnd = lines.findLastIndex(endsCopy)
  let inRows = false
  const kept = lines.map((line, at) => {
    const isForClient = inRows || line.startsWith('\\')
    inRows = inRows ? !endsCopy(line) : at < lastEnd && /\bFROM\s+STDIN\b.*;\s*$/i.test(line)
    return isForClient ? blank(line) : line
  })
  return kept.join('\n')
}

function endsCopy(line: string): boolean {
  return line.trimEnd() === '\\.'
}

function blank(piece: string): string {
  return ' '.repeat(piece.length)
}

function isClosed(piece: string): boolean {
  const dollar = /^\$\w*\$/.exec(piece)?.[0]
  if (dollar !== undefined) return piece.length >= 2 * dollar.length && piece.endsWith(dollar)
  return piece.length > 1 && /['"`\]]$/.test(piece)
}

/** How the first dialect whose rules fit all of the text reads it; undefined when no dialect's do. */
export function detectDialect(text: string): { dialect: SqlDialect; reading: SqlReading } | undefined {
  // PostgreSQL would take all of these for something else; nobody begins a line with its operator `#`, though.
  const order = /^\s*#|^\s*DELIMITER\s|\/\*M?!/im.test(text) ? (['mysql', ...dialectNames] as const) : dialectNames
  for (const dialect of order) {
    const reading = readSql(text, dialect)
    if (reading.clean) return { dialect, reading }
  }
  return undefined
}
