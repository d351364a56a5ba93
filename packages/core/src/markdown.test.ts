import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blocks, code, codeBlock, escapeMarkdown, table } from './markdown.ts'

test.each([
  ['plain words, 12.5 %', 'plain words, 12.5 %'],
  ['*bold* <b>&</b>', '\\*bold\\* &lt;b&gt;&amp;&lt;/b&gt;'],
  ['@everyone', '&#64;everyone'],
  ['a\n\n# b', 'a \\# b'],
  ['[x](https://e)', '\\[x\\](https://e)'],
  ['+2 kB (+3 %)', '+2 kB (+3 %)'],
  ['+ no list', '\\+ no list'],
])('escapeMarkdown turns %j into %j', (given, escaped) => {
  expect(escapeMarkdown(given)).toBe(escaped)
})

test.each([
  ['a', '`a`'],
  ['a`b', '``a`b``'],
  ['`', '`` ` ``'],
  ['a|b', '`a\\|b`'],
  ['a\nb', '`a b`'],
])('code turns %j into %j', (given, shown) => {
  expect(code(given)).toBe(shown)
})

test('a fenced block cannot be left by what it holds', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[`\na]*$/), (text) => {
      const [fence = '', ...rest] = codeBlock(text).split('\n')
      expect(rest.slice(0, -1).some((line) => line.startsWith(fence))).toBe(false)
    }),
  )
})

test('a table has one line a row', () => {
  expect(table(['target', 'status'], [['a', '200']])).toBe('| target | status |\n| --- | --- |\n| a | 200 |')
})

test('blocks leaves out what is empty', () => {
  expect(blocks('a', '', 'b')).toBe('a\n\nb')
})
