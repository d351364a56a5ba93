import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatJson, isJsonList, type JsonValue, type PathStep, parseJson, scalarAt, valueAt } from './json-value.ts'
import { parseTruncatedJson } from './truncated-json.ts'
import { parseValuePath } from './value-path.ts'

describe('a JSON text', () => {
  test('keeps its numbers as they are written', () => {
    const text = '{"a":12345678901234567890,"b":[1.10,-0,1e3],"c":{"d":0.1}}'
    const json = parseJson(text)
    expect(json && formatJson(json)).toBe(text)
    expect(scalarAt(json, ['b', 0])).toBe('1.10')
  })

  test('has no values that objects inherit, and keeps keys that look like them', () => {
    const json = parseJson('{"__proto__": {"x": "own"}}')
    expect(scalarAt(json, ['__proto__', 'x'])).toBe('own')
    expect(valueAt(json, ['constructor'])).toBeUndefined()
    expect(valueAt(json, ['toString', 'name'])).toBeUndefined()
  })

  test('that is none has no value, whatever it is', () => {
    for (const text of ['', '<html>', '{', '[1,]', '{"a":}', 'nul']) expect(parseJson(text), text).toBeUndefined()
    expect(parseJson('['.repeat(200_000))).toBeUndefined()
    expect(parseJson(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).toBeUndefined()
  })
})

describe('a path', () => {
  test.each([
    ['version', ['version']],
    ['.version', ['version']],
    ['build.version', ['build', 'version']],
    ['items[0].v', ['items', 0, 'v']],
    ['[0]', [0]],
    ['["odd key"][\'x.y\']', ['odd key', 'x.y']],
    ['a.0.b', ['a', '0', 'b']],
  ])('%s', (text, steps) => expect(parseValuePath(text)).toEqual(steps))

  test('finds places of a list in either form', () => {
    const json = parseJson('{"a": [{"b": "found"}], "o": {"0": "key"}}')
    expect(scalarAt(json, ['a', '0', 'b'])).toBe('found')
    expect(scalarAt(json, ['a', 0, 'b'])).toBe('found')
    expect(scalarAt(json, ['o', 0])).toBe('key')
  })
})

describe('a JSON text that was cut off', () => {
  test('has what was complete', () => {
    const json = parseTruncatedJson('{"status": "UP", "n": 12, "list": [{"a": 1}, {"b": "], }"}, {"c": 12')
    expect(json && formatJson(json)).toBe('{"status":"UP","n":12,"list":[{"a":1},{"b":"], }"},{}]}')
  })

  test.each([
    ['one bracket after the other', '['.repeat(300_000)],
    ['objects in objects', '{"a":'.repeat(60_000)],
    ['an endless string of escaped quotes, cut off behind a backslash', `"${'\\"'.repeat(150_000)}\\`],
  ])('is read in a moment when it is %s', (_, text) => {
    expect(parseTruncatedJson(text)).toBeUndefined()
    const json = parseTruncatedJson(`{"version": "7", "rest": ${text}`)
    // What is nested deeper than the stack has no value at all.
    expect(scalarAt(json, ['version'])).toBe(text.startsWith('"') ? '7' : undefined)
  })

  test('has no value that the whole does not have', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(200), (text, length) => {
        const whole = parseJson(text)
        const part = parseTruncatedJson(text.slice(0, length))
        for (const [path, value] of scalars(part)) expect(formatScalar(valueAt(whole, path))).toBe(value)
      }),
      { numRuns: 2000 },
    )
  })

  function formatScalar(value: JsonValue | undefined): string | undefined {
    return value === undefined ? undefined : formatJson(value)
  }

  function* scalars(value: JsonValue | undefined, path: PathStep[] = []): Generator<[PathStep[], string]> {
    if (value === undefined) return
    if (isJsonList(value)) for (const [index, item] of value.entries()) yield* scalars(item, [...path, index])
    else if (value instanceof Map) for (const [key, item] of value) yield* scalars(item, [...path, key])
    else yield [path, formatJson(value)]
  }
})
