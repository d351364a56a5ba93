import { expect, test } from 'vitest'
import { Masker } from './masker.ts'

test('overlapping and adjoining secrets become one mark', () => {
  expect(new Masker(['abcdef', 'defghi', 'xyz']).mask('-abcdefghixyz-')).toBe('-***-')
})

test('a secret of several lines is masked line by line', () => {
  expect(new Masker(['first line\nsecond line']).mask('a first line\nb second line')).toBe('a ***\nb ***')
})

test('a secret is found as JSON, in a URL, in XML and in base64 wherever it stands', () => {
  const secret = 'p"a&s s/word'
  const masker = new Masker([secret])
  const base64 = ['', 'a', 'ab'].map((before) => Buffer.from(`${before}${secret}!`).toString('base64'))
  for (const text of [JSON.stringify(secret), encodeURIComponent(secret), 'p&quot;a&amp;s s/word', ...base64])
    expect(masker.holdsSecret(text), text).toBe(true)
})

test('nothing is masked for an empty secret', () => {
  expect(new Masker(['', ' ', '\n']).mask('a b')).toBe('a b')
})
