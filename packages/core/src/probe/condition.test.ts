import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Condition, formatCondition } from './condition.ts'
import { evaluate, type Facts } from './condition-evaluation.ts'
import { parseCondition } from './condition-parser.ts'
import { parseJson } from './json-value.ts'
import { SyntaxProblem } from './text-cursor.ts'

const DAY_MS = 86_400_000

async function holds(condition: string, facts: Partial<Facts> & { body?: string } = {}): Promise<boolean> {
  const { body = '{}', ...others } = facts
  const result = await evaluate(
    parseCondition(condition),
    {
      status: 200,
      responseMs: 120,
      certificateLeftMs: 30 * DAY_MS,
      finalUrl: 'https://example.com/health?a=b',
      connected: true,
      headers: { 'x-version': 'abc', 'content-length': '42' },
      bodyText: body,
      bodyJson: parseJson(body),
      ...others,
    },
    async (pattern, text) => new RegExp(pattern).test(text),
  )
  return result.holds
}

describe('conditions hold', () => {
  const body = JSON.stringify({
    db: { status: 'UP', pool: [{ free: 3 }, { free: 0 }] },
    queue: { depth: 99 },
    ok: true,
    nothing: null,
    text: '12',
    empty: '',
    'odd key': { 'a.b': 1 },
    name: 'v1.4.2',
  })
  test.each([
    '[STATUS] == 200',
    '[STATUS] != 500',
    '[STATUS] < 300',
    '200 == [STATUS]',
    '300 > [STATUS]',
    '[STATUS] == any(200, 204)',
    '[STATUS] != any(500, 502)',
    '[BODY].db.status == "UP"',
    '[BODY].db.status == UP',
    "[BODY].db.status == 'UP'",
    '[BODY].db.status!="DOWN"',
    '[BODY].db.pool[0].free > 2',
    '[BODY].db.pool[1].free == 0',
    '[BODY].queue.depth < 100',
    '[BODY].ok == true',
    '[BODY].nothing == null',
    '[BODY].text == 12',
    '[BODY].text >= 12.0',
    '[BODY].empty == ""',
    '[BODY]["odd key"]["a.b"] == 1',
    'len([BODY].db.pool) == 2',
    'len([BODY].name) == 6',
    'len([BODY].empty) == 0',
    'has([BODY].db) == true',
    'has([BODY].db)',
    'has([BODY].missing) == false',
    'has([BODY].nothing) == true',
    '[BODY].name == re(^v1\\.\\d+)',
    '[BODY].name == re("^v1")',
    '[BODY].name != re(^v2)',
    '[BODY].db.status == any(UP, "OK")',
    '[RESPONSE_TIME] < 300ms',
    '[RESPONSE_TIME] < 300',
    '[RESPONSE_TIME] <= 0.2s',
    '[CERTIFICATE_EXPIRATION] > 7d',
    '[HEADERS].X-Version == abc',
    '[HEADERS].content-length == 42.0',
    '[FINAL_URL] == https://example.com/health?a=b',
    '[CONNECTED] == true',
  ])('%s', async (condition) => expect(await holds(condition, { body })).toBe(true))

  test.each([
    ['a missing key', '[BODY].missing < 5'],
    ['a missing key that should differ', '[BODY].missing != 5'],
    ['the length of what is missing', 'len([BODY].missing) < 5'],
    ['the length of a number', 'len([BODY].queue.depth) > 0'],
    ['a missing header', '[HEADERS].x-none != abc'],
    ['a text where a number is compared', '[BODY].db.status < 5'],
    ['null where a number is compared', '[BODY].nothing < 5'],
    ['a list where a number is compared', '[BODY].db.pool > 0'],
    ['a pattern on what is missing', '[BODY].missing != re(x)'],
    ['what every object inherits', 'has([BODY].constructor)'],
  ])('%s makes a comparison false', async (_, condition) => expect(await holds(condition, { body })).toBe(false))

  test('without a certificate, nothing about one holds', async () => {
    expect(await holds('[CERTIFICATE_EXPIRATION] > 0s', { certificateLeftMs: undefined })).toBe(false)
    expect(await holds('[CERTIFICATE_EXPIRATION] < 7d', { certificateLeftMs: undefined })).toBe(false)
  })

  test('large integers and floats keep their value', async () => {
    const numbers = '{"big": 12345678901234567890, "id": "12345678901234567890", "float": 0.1, "small": 1.5}'
    expect(await holds('[BODY].big == 12345678901234567890', { body: numbers })).toBe(true)
    expect(await holds('[BODY].big == 12345678901234567891', { body: numbers })).toBe(false)
    expect(await holds('[BODY].id == 12345678901234567890', { body: numbers })).toBe(true)
    expect(await holds('[BODY].float == 0.10', { body: numbers })).toBe(true)
    expect(await holds('[BODY].small == 1', { body: numbers })).toBe(false)
    expect(await holds('[BODY].small > 1', { body: numbers })).toBe(true)
  })

  test('text in quotes is not taken for a number', async () => {
    expect(await holds('[BODY].v == "1.10"', { body: '{"v": "1.1"}' })).toBe(false)
    expect(await holds('[BODY].v == 1.10', { body: '{"v": "1.1"}' })).toBe(true)
  })

  test('the whole body is compared as it came, but for blanks around it', async () => {
    expect(await holds('[BODY] == OK', { body: 'OK\n' })).toBe(true)
    expect(await holds('[BODY] == re(^O)', { body: 'OK\n' })).toBe(true)
    expect(await holds('len([BODY]) == 2', { body: '[1, 2]' })).toBe(true)
    expect(await holds('[BODY][1] == 2', { body: '[1, 2]' })).toBe(true)
    expect(await holds('[BODY].a == 1', { body: '<html>' })).toBe(false)
  })
})

describe('a condition that cannot be read shows where', () => {
  test.each([
    ['[STATSU] == 200', 'unknown placeholder [STATSU]', '^^^^^^^^'],
    ['[STATUS] = 200', "'=' is no operator; write ==", '         ^'],
    ['[BODY].a === b', "'===' is no operator; write ==", '         ^^^'],
    ['[BODY].a !== b', "'!==' is no operator; write !=", '         ^^^'],
    ['[STATUS] ==', 'a value is missing', '           ^'],
    ['[STATUS]', 'an operator is missing', '        ^'],
    ['[STATUS] 200', 'here must be one of', '         ^'],
    ['[STATUS] == OK', "[STATUS] is compared with a number such as 200; 'OK' is not", '            ^^'],
    ['[STATUS] == 200 && [BODY].a == 1', 'a second operator', '                            ^^'],
    ['[STATUS].code == 200', '[STATUS] has no parts', '        ^'],
    ['[BODY.a == 1', "the closing ']' is missing", '^^^^^^^^^^^^'],
    ['[BODY]. == 1', 'a key is missing', '       ^'],
    ['[BODY][x] == 1', 'a place in a list is missing', '       ^'],
    ['[BODY].a == "UP', 'the closing quote is missing', '            ^^^'],
    ['[BODY].a < many', "< compares numbers; 'many' is not", '           ^^^^'],
    ['[HEADERS] == a', 'a header is missing', '^^^^^^^^^'],
    ['pat([BODY]) == 1', 'unknown function pat()', '^^^'],
    ['len(5) == 1', 'len() takes a placeholder', '    ^'],
    ['len([BODY] == 1', "the closing ')' is missing", '           ^'],
    ['len([BODY]) == many', 'len() is compared with a whole number', '               ^^^^'],
    ['[BODY].a == re(x', "the closing ')' is missing", '               ^'],
    ['[BODY].a == re(()', 'not a regular expression', '               ^'],
    ['[BODY].a == re()', 'the pattern is empty', '               ^'],
    ['[BODY].a < any(1, 2)', 'any() goes with == and != only', '         ^'],
    ['[BODY].a == any(1,)', 'a value is missing', '                  ^'],
    ['[RESPONSE_TIME] < fast', '[RESPONSE_TIME] is compared with a duration such as 300ms', '                  ^^^^'],
    ['[CERTIFICATE_EXPIRATION] > 7', '[CERTIFICATE_EXPIRATION] is compared with a duration such as 7d', ''],
    ['[CONNECTED] == yes', '[CONNECTED] is compared with == true or false', '               ^^^'],
    ['has([BODY].a) == 1', 'has() is compared with == true or false', '                 ^'],
    ['1 == 1', 'a condition needs a placeholder', '^^^^^^'],
    ['', 'a value is missing', '^'],
    ['[BODY].a == "x" y', 'nothing may follow here', '                ^'],
  ])('%s', (condition, message, carets) => {
    const problem = problemOf(condition)
    const [first = '', text = '', marks = ''] = problem.split('\n')
    expect(first).toContain(message)
    expect(text).toBe(`    ${condition}`)
    expect(marks).toMatch(/^ {4} *\^+$/)
    if (carets !== '') expect(marks).toBe(`    ${carets}`)
  })

  function problemOf(condition: string): string {
    try {
      parseCondition(condition)
    } catch (error) {
      if (error instanceof SyntaxProblem) return error.message
      throw error
    }
    throw new Error(`no problem with ${condition}`)
  }
})

describe('the parser', () => {
  const pieces = fc.constantFrom(
    ...[
      '[STATUS]',
      '[BODY]',
      '.a',
      '[0]',
      '["k"]',
      '[HEADERS]',
      '.x-y',
      '[RESPONSE_TIME]',
      '[FINAL_URL]',
      '[CONNECTED]',
    ],
    ...[
      'len(',
      'has(',
      'any(',
      're(',
      ')',
      ',',
      '==',
      '!=',
      '<',
      '<=',
      '>',
      ' ',
      '"',
      "'",
      '\\',
      '200',
      '7d',
      'true',
      'UP',
      '[',
      ']',
    ],
  )
  const nearly = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))

  test.each([
    ['any text', fc.string({ unit: 'binary', maxLength: 60 })],
    ['text that is nearly a condition', nearly],
  ])('refuses or reads %s, and what it reads it prints and reads again as the same', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const condition = attempt(text)
        if (condition) expect(parseCondition(formatCondition(condition))).toEqual(condition)
      }),
      { numRuns: 3000 },
    )
  })

  test('prints every condition so that it reads back', () => {
    const key = fc.string({ minLength: 1, maxLength: 8 })
    const path = fc.array(fc.oneof(key, fc.nat(99)), { maxLength: 4 })
    const quoted = fc.string({ maxLength: 12 }).map((text) => ({ kind: 'literal', text, quoted: true }) as const)
    const condition = fc.record({
      left: path.map((steps) => ({ kind: 'value', of: { kind: 'BODY', path: steps } }) as const),
      operator: fc.constantFrom('==', '!='),
      right: fc.oneof(
        quoted,
        fc.array(quoted, { minLength: 1, maxLength: 3 }).map((options) => ({ kind: 'any', options }) as const),
      ),
    })
    fc.assert(
      fc.property(condition, (given) => {
        expect(parseCondition(formatCondition(given as Condition))).toEqual(given)
      }),
      { numRuns: 2000 },
    )
  })

  test('has no text that makes an evaluation throw', async () => {
    await fc.assert(
      fc.asyncProperty(nearly, fc.oneof(fc.json(), fc.string()), async (text, body) => {
        const condition = attempt(text)
        if (condition) await holds(formatCondition(condition), { body })
      }),
      { numRuns: 1000 },
    )
  })

  function attempt(text: string): Condition | undefined {
    try {
      return parseCondition(text)
    } catch (error) {
      if (error instanceof SyntaxProblem) return undefined
      throw error
    }
  }
})
