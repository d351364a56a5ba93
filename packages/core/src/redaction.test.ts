import { describe, expect, test } from 'vitest'
import { code, escapeMarkdown } from './markdown.ts'
import { Redaction } from './redaction.ts'

function redactionOf(secret: string): Redaction {
  const redaction = new Redaction()
  redaction.add(secret)
  return redaction
}

describe('a secret is replaced', () => {
  const SECRET = 'gh_p*"\\|w/o rd'

  test.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ token: SECRET })],
    ['in a part of a URL', `https://example.com/?token=${encodeURIComponent(SECRET)}`],
    ['in a URL', new URL(`https://example.com/?${SECRET}`).href],
    ['in Markdown', escapeMarkdown(`it is ${SECRET}`)],
    ['in a cell of a table', code(`it is ${SECRET}`)],
    ['in JSON in Markdown', escapeMarkdown(JSON.stringify({ token: SECRET }))],
  ])('%s', (_, text) => {
    const clean = redactionOf(SECRET).apply(text)
    expect(clean).toContain('***')
    expect(clean).not.toMatch(/gh|rd/)
  })

  test('line by line', () => {
    expect(redactionOf('first line\nsecond line').apply('a first line, a second line')).toBe('a ***, a ***')
  })

  test('when a text was cut off in the middle of it', () => {
    const clean = redactionOf('abcdefghijklmnopqrstuvwxyz').apply('it is abcdefghijk…, and abcdefghij… again')
    expect(clean).toBe('it is ***…, and ***… again')
  })
})

test('what only begins like a secret stays', () => {
  expect(redactionOf('abcdefgh').apply('abcd, abcdef and abc…')).toBe('abcd, abcdef and abc…')
})

test('the forms to mask are the secret and its lines', () => {
  expect(new Redaction().add('a_secret "one"')).toEqual(['a_secret "one"'])
})
