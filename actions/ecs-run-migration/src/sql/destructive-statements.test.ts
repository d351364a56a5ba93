import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findDestruction } from './destructive-statements.ts'
import { detectDialect, type SqlDialect } from './sql-text.ts'

const whatIn = (sql: string, dialect: SqlDialect = 'postgresql'): readonly string[] =>
  findDestruction(sql, dialect).map(({ what }) => what)

describe('destroys', () => {
  test.each<[string, string[], SqlDialect?]>([
    ['DROP TABLE accounts;', ['DROP TABLE']],
    ['drop\n  table if exists accounts cascade', ['DROP TABLE']],
    ['DROP/* why */TABLE accounts;', ['DROP TABLE']],
    ['SELECT 1; DROP SCHEMA old; DROP DATABASE x;', ['DROP SCHEMA', 'DROP DATABASE']],
    ['DROP INDEX CONCURRENTLY accounts_name;', ['DROP INDEX']],
    ['TRUNCATE accounts, transfers;', ['TRUNCATE']],
    ['truncate table only accounts restart identity', ['TRUNCATE']],
    ['ALTER TABLE accounts DROP COLUMN note;', ['DROP COLUMN']],
    ['ALTER TABLE ONLY public.accounts DROP IF EXISTS note CASCADE', ['DROP COLUMN']],
    ['ALTER TABLE accounts ADD a int, DROP note, DROP COLUMN "x"', ['DROP COLUMN', 'DROP COLUMN']],
    ['ALTER TABLE accounts DROP key', ['DROP COLUMN']],
    ['ALTER TABLE accounts DROP index CASCADE', ['DROP COLUMN']],
    ['ALTER FOREIGN TABLE accounts DROP COLUMN note', ['DROP COLUMN']],
    ['ALTER TYPE address DROP ATTRIBUTE zip', ['DROP ATTRIBUTE']],
    ['DO $$ BEGIN IF true THEN DROP TABLE accounts; END IF; END $$;', ['DROP TABLE']],
    ["DO $x$ BEGIN EXECUTE format('TRUNCATE %I', name); END $x$", ['TRUNCATE']],
    ["DO 'BEGIN DROP TABLE accounts; END'", ['DROP TABLE']],
    ['DO $$ BEGIN ALTER TABLE accounts DROP COLUMN note; END $$;', ['DROP COLUMN']],
    [
      'DO $$ BEGIN IF true THEN ALTER TABLE a DROP b; ALTER TYPE c DROP ATTRIBUTE d; END IF; END $$',
      ['DROP COLUMN', 'DROP ATTRIBUTE'],
    ],
    ["\\echo it is the user's\nDROP TABLE accounts;", ['DROP TABLE']],
    ["COPY a FROM stdin;\nit's data\n\\.\nDROP TABLE accounts;\nCOPY a FROM stdin;\nit's data\n\\.\n", ['DROP TABLE']],
    ['-- old Macintosh\rDROP TABLE accounts', ['DROP TABLE']],
    ['ALTER TABLE `a` DROP `note`, DROP INDEX i', ['DROP COLUMN'], 'mysql'],
    ['/*!50001 DROP VIEW x */;', ['DROP VIEW'], 'mysql'],
    ['ALTER TABLE a DROP PARTITION p2020', ['DROP PARTITION'], 'mysql'],
    ['ALTER TABLE a TRUNCATE PARTITION p2020', ['TRUNCATE PARTITION'], 'mysql'],
    ['DELIMITER $$\nDROP PROCEDURE IF EXISTS p$$', ['DROP PROCEDURE'], 'mysql'],
    [
      'DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END //\nALTER TABLE a DROP b //\nTRUNCATE c //',
      ['DROP COLUMN', 'TRUNCATE'],
      'mysql',
    ],
    ['ALTER IGNORE TABLE a DROP COLUMN b', ['DROP COLUMN'], 'mysql'],
    ['/* no /* nesting */ DROP TABLE a;', ['DROP TABLE'], 'mysql'],
    ["IF OBJECT_ID('a') IS NOT NULL DROP TABLE [dbo].[a]\nGO\nTRUNCATE TABLE b", ['DROP TABLE', 'TRUNCATE'], 'mssql'],
    ['ALTER TABLE a DROP CONSTRAINT c, COLUMN d', ['DROP COLUMN'], 'mssql'],
    ["EXEC('DROP TABLE a')", ['DROP TABLE'], 'mssql'],
    ["IF COL_LENGTH('a', 'b') IS NOT NULL ALTER TABLE a DROP COLUMN b\nGO", ['DROP COLUMN'], 'mssql'],
    ['IF 1 = 1\nBEGIN\n  ALTER TABLE a DROP COLUMN b\nEND', ['DROP COLUMN'], 'mssql'],
    ['ALTER TABLE a ADD b int\nALTER TABLE c DROP COLUMN d\nUPDATE e SET f = 1', ['DROP COLUMN'], 'mssql'],
    ['ALTER TABLE a ALTER COLUMN b int\nDROP TABLE c\nTRUNCATE TABLE d', ['DROP TABLE', 'TRUNCATE'], 'mssql'],
    ['CREATE TABLE a (b int)\nTRUNCATE TABLE c', ['TRUNCATE'], 'mssql'],
    ['ALTER INDEX a ON b REBUILD\nDROP PROC c', ['DROP PROC'], 'mssql'],
    ["EXEC sp_executesql N'TRUNCATE TABLE a'", ['TRUNCATE'], 'mssql'],
    ['ALTER TABLE "a" DROP COLUMN "b"; DROP TABLE "old"', ['DROP COLUMN', 'DROP TABLE'], 'sqlite'],
    ["BEGIN EXECUTE IMMEDIATE 'DROP TABLE a'; END;", ['DROP TABLE'], 'oracle'],
    ['ALTER TABLE a DROP (b, c)', ['DROP COLUMN'], 'oracle'],
    ['ALTER TABLE a SET UNUSED (b)', ['SET UNUSED'], 'oracle'],
    ["PROMPT it's time\nCREATE TABLE a (b int)\n/\nTRUNCATE CLUSTER c\n/", ['TRUNCATE'], 'oracle'],
  ])('%s', (sql, what, dialect) => {
    expect(whatIn(sql, dialect)).toEqual(what)
  })
})

describe('destroys nothing', () => {
  test.each<[string, SqlDialect?]>([
    ['-- DROP TABLE accounts;\n--TRUNCATE accounts\nSELECT 1;'],
    ['/* DROP TABLE a; /* nested DROP TABLE b */ TRUNCATE c */ SELECT 1'],
    ["INSERT INTO log VALUES ('DROP TABLE accounts; TRUNCATE x')"],
    ["SELECT 'it''s; DROP TABLE a', E'it\\'s; DROP TABLE b', $$DROP TABLE c$$, $q$TRUNCATE $$ d$q$"],
    ['SELECT "drop table", "truncate" FROM "DROP TABLE"'],
    ['CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE later; END $$'],
    ['ALTER TABLE a DROP CONSTRAINT c, ALTER COLUMN b DROP NOT NULL, ALTER b DROP DEFAULT, ALTER b DROP IDENTITY'],
    ['ALTER TABLE a RENAME COLUMN drop TO kept'],
    ['ALTER TABLE a RENAME drop TO kept, ADD drop int'],
    ['ALTER EXTENSION e DROP TABLE a'],
    ['INSERT INTO a (truncate) VALUES (1); UPDATE a SET truncate = 1; CREATE INDEX i ON a (truncate)'],
    ['DELETE FROM a'],
    ['ALTER TABLE a ADD c int CHECK (c / 2 > 1), DROP CONSTRAINT d'],
    ['CREATE TEMPORARY TABLE t ON COMMIT DROP AS SELECT 1'],
    ['GRANT SELECT, TRUNCATE ON accounts TO app; REVOKE TRUNCATE ON accounts FROM app'],
    ['CREATE TRIGGER t BEFORE TRUNCATE ON accounts EXECUTE FUNCTION f()'],
    ["COMMENT ON TABLE a IS 'DROP TABLE a later'"],
    ['ALTER PUBLICATION p DROP TABLE a'],
    ['DELETE FROM accounts WHERE note IS NULL; UPDATE accounts SET dropped = true'],
    ['# DROP TABLE a\nSELECT truncate(1.5, 1)', 'mysql'],
    ["SELECT 'it\\'s; DROP TABLE a', \"DROP TABLE b\"", 'mysql'],
    ['ALTER TABLE a DROP PRIMARY KEY, DROP FOREIGN KEY f, DROP KEY k, DROP CHECK c', 'mysql'],
    ["SELECT q'[DROP TABLE it's]' FROM dual", 'oracle'],
  ])('%s', (sql, dialect) => {
    expect(whatIn(sql, dialect)).toEqual([])
  })
})

describe('what frameworks print', () => {
  test('Django: sqlmigrate', () => {
    const sql = `BEGIN;\n--\n-- Remove field note from account\n--\nALTER TABLE "bank_account" DROP COLUMN "note" CASCADE;\nCOMMIT;`
    expect(findDestruction(sql, 'postgresql')).toEqual([
      {
        what: 'DROP COLUMN',
        from: sql.indexOf('DROP'),
        statement: 'ALTER TABLE "bank_account" DROP COLUMN "note" CASCADE',
      },
    ])
  })

  test('Alembic: upgrade --sql', () => {
    const sql = `BEGIN;\n\n-- Running upgrade ae10 -> 27c6\n\nALTER TABLE account ADD COLUMN note VARCHAR(200);\n\nUPDATE alembic_version SET version_num='27c6' WHERE alembic_version.version_num = 'ae10';\n\nDROP TABLE ledger_old;\n\nCOMMIT;`
    expect(whatIn(sql)).toEqual(['DROP TABLE'])
  })

  test('Prisma: its warnings are comments, its statements are not', () => {
    const sql = `/*\n  Warnings:\n\n  - You are about to drop the column \`note\` on the \`Account\` table. All the data in the column will be lost.\n*/\n-- AlterTable\nALTER TABLE "Account" DROP COLUMN "note",\nADD COLUMN     "memo" TEXT;\n-- DropIndex\n`
    expect(whatIn(sql)).toEqual(['DROP COLUMN'])
    expect(detectDialect(sql)?.dialect).toBe('postgresql')
  })

  test('Rails: the SQL of a migration that is logged', () => {
    const sql = `BEGIN;\nALTER TABLE "accounts" DROP COLUMN "note";\nDROP INDEX "index_accounts_on_name";\nCOMMIT;`
    expect(whatIn(sql)).toEqual(['DROP COLUMN', 'DROP INDEX'])
  })
})

describe('the dialect of a file', () => {
  test.each<[string, SqlDialect]>([
    ['SELECT a::int, $1, x.*, "ü" FROM "t" -- it\'s', 'postgresql'],
    ["\\set ON_ERROR_STOP on\nSELECT E'it\\'s'", 'postgresql'],
    ['ALTER TABLE `a` ADD `b` int', 'mysql'],
    ["INSERT INTO a VALUES ('it\\'s')", 'mysql'],
    ["# it's a comment\nSELECT 1", 'mysql'],
    ['/*!50001 DROP VIEW x */;', 'mysql'],
    ['DELIMITER $$\nDROP TABLE t $$\nDELIMITER ;', 'mysql'],
    ["SELECT q'[it's]' FROM dual", 'oracle'],
  ])('%s', (sql, dialect) => {
    expect(detectDialect(sql)?.dialect).toBe(dialect)
  })

  test('none, when a string has no end in any of them', () => {
    expect(detectDialect("SELECT 'open")).toBeUndefined()
  })
})

const blank = fc.constantFrom(
  ' ',
  '\n',
  '\t ',
  ' /* DROP TABLE x; */ ',
  ' -- TRUNCATE y;\n',
  '\n/* /* nested */ DROP */\n',
)
const casing = fc.func(fc.boolean())
const harmless = fc.constantFrom(
  "SELECT 'DROP TABLE a; -- '",
  'SELECT "drop table"',
  'UPDATE t SET a = $$TRUNCATE b$$',
  "INSERT INTO t VALUES (E'\\'; DROP TABLE c; --')",
  'ALTER TABLE t DROP CONSTRAINT c',
  'ALTER TABLE t ALTER COLUMN c DROP NOT NULL',
  'CREATE TABLE IF NOT EXISTS t (a int)',
  '',
)
const harmful = fc.constantFrom(
  'DROP TABLE a',
  'TRUNCATE a',
  'ALTER TABLE a DROP COLUMN b',
  'ALTER TABLE a DROP b',
  'DROP VIEW v',
)

describe('for any mixture', () => {
  test('finds exactly the statements that destroy, each on its line', () => {
    const statement = fc.oneof(
      fc.record({ text: harmless, destroys: fc.constant(false) }),
      fc.record({ text: harmful, destroys: fc.constant(true) }),
    )
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 12 }), blank, casing, (statements, space, upper) => {
        const write = ({ text, destroys }: { text: string; destroys: boolean }): string =>
          destroys
            ? text
                .split(' ')
                .map((word) => (upper(word) ? word.toLowerCase() : word))
                .join(space)
            : text
        const pieces = statements.map(write)
        const sql = pieces.join(`;${space}`)
        const starts = pieces.map(
          (_, at) => pieces.slice(0, at).join(`;${space}`).length + (at > 0 ? space.length + 1 : 0),
        )
        const found = findDestruction(sql, 'postgresql')
        expect(found).toHaveLength(statements.filter(({ destroys }) => destroys).length)
        const places = starts.filter((_, at) => statements[at]?.destroys)
        for (const [at, { from }] of found.entries()) {
          expect(from).toBeGreaterThanOrEqual(places[at] ?? 0)
          expect(from).toBeLessThan((places[at] ?? 0) + 60 + space.length * 4)
        }
      }),
    )
  })

  test('never fails, whatever the text is', () => {
    const dialect = fc.constantFrom<SqlDialect>('postgresql', 'mysql', 'mssql', 'sqlite', 'oracle')
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'\'"`$[]();\\-/*# \nDROPTABLE') }),
    )
    // A comment that ends before it seems to, very often: as deep as it looks, nothing may be called.
    findDestruction('/*'.repeat(2000), 'mysql')
    fc.assert(fc.property(text, dialect, (sql, name) => void findDestruction(sql, name)))
  })
})
