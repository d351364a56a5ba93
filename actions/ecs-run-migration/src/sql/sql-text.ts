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

const WORDS = new Set(['Keyword', 'Identifier', 'Type', 'Builtin', 'Bool', 'Null'])

/**
 * Reads SQL into tokens by the lexical rules of a dialect. MySQL's executable comments (`/*! … *​/`) are code.
 *
 * @param offset of `text` in the file, added to every token's
 */
export function readSql(text: string, dialect: SqlDialect, offset = 0): SqlReading {
  const tokens: SqlToken[] = []
  let clean = true
  dialects[dialect].language.parser.parse(text).iterate({
    enter(node) {
      if (node.type.isError && isForeign(text, node.from, node.to)) clean = false
      if (node.node.firstChild !== null || node.type.isTop) return
      const piece = text.slice(node.from, node.to)
      const from = offset + node.from
      if (node.name === 'BlockComment') {
        clean &&= piece.endsWith('*/')
        const executable = dialect === 'mysql' ? /^\/\*M?!\d*/.exec(piece) : null
        if (executable === null) return
        const start = executable[0].length
        tokens.push(...readSql(piece.slice(start).replace(/\*\/$/, ''), dialect, from + start).tokens)
      } else if (WORDS.has(node.name)) {
        tokens.push({ kind: 'word', text: piece, word: piece.toUpperCase(), from })
      } else if (node.name === 'QuotedIdentifier' || node.name === 'String') {
        clean &&= isClosed(piece)
        tokens.push({ kind: node.name === 'String' ? 'string' : 'name', text: piece, word: '', from })
      } else if (node.name !== 'LineComment') {
        // PostgreSQL would take a backtick for an operator; nobody has one.
        if (piece.includes('`')) clean = false
        tokens.push({ kind: 'other', text: piece, word: '', from })
      }
    },
  })
  return { tokens, clean }
}

/** The tokeniser knows no `$1`, no umlauts and no `a.*`, which change nothing; a quote or an escape of others does. */
function isForeign(text: string, from: number, to: number): boolean {
  const isPsqlCommand = text[from] === '\\' && (from === 0 || text[from - 1] === '\n')
  return !isPsqlCommand && /[`\\]/.test(text.slice(from, to))
}

function isClosed(piece: string): boolean {
  const dollar = /^\$\w*\$/.exec(piece)?.[0]
  if (dollar !== undefined) return piece.length >= 2 * dollar.length && piece.endsWith(dollar)
  return piece.length > 1 && /['"`\]]$/.test(piece)
}

/** The first dialect whose rules fit all of the text; none when no dialect's do. */
export function detectDialect(text: string): SqlDialect | undefined {
  // `#` is an operator in PostgreSQL, but nobody begins a line with it; in MySQL it begins a comment.
  const order = /^\s*#/m.test(text) ? (['mysql', ...dialectNames] as const) : dialectNames
  return order.find((dialect) => readSql(text, dialect).clean)
}
