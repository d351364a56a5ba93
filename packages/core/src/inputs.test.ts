import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { ActionError } from './errors.ts'
import {
  boolean,
  choice,
  duration,
  integer,
  list,
  optional,
  pairs,
  requiredList,
  secret,
  structured,
  text,
} from './input-fields.ts'
import { inputText, readInputs, secretTexts } from './inputs.ts'
import type { ActionManifest } from './manifest.ts'

const manifest: ActionManifest = {
  name: 'example',
  inputs: {
    url: { required: true },
    timeout: { default: '5m' },
    'max-attempts': { default: '0' },
    'success-threshold': { default: '3' },
    token: {},
    tags: {},
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's, as action.yml has it.
    'github-token': { default: '${{ github.token }}' },
  },
  outputs: {},
}
const fields = {
  url: requiredList(
    text((given) => (given.includes('://') ? undefined : `'${given}' has no scheme; write https://${given}`)),
  ),
  timeout: duration({ minMs: 1 }),
  'max-attempts': integer({ min: 0 }),
  'success-threshold': integer({ min: 1 }),
  token: optional(secret(text())),
  tags: pairs('=', 'key=value'),
}

function messageFor(
  environment: Record<string, string>,
  check?: Parameters<typeof readInputs<typeof fields>>[3],
): string {
  try {
    readInputs(manifest, fields, environment, check)
  } catch (error) {
    expect(error).toBeInstanceOf(ActionError)
    expect((error as ActionError).code).toBe('bad-input')
    return (error as ActionError).message
  }
  throw new Error('the inputs were accepted')
}

describe('readInputs', () => {
  test('names the values in camel case and fills in the defaults of action.yml', () => {
    expect(readInputs(manifest, fields, { INPUT_URL: 'https://a.example\n\n https://b.example ' })).toEqual({
      url: ['https://a.example', 'https://b.example'],
      timeout: 300_000,
      maxAttempts: 0,
      successThreshold: 3,
      token: undefined,
      tags: [],
    })
  })

  test('takes an empty value for one that was not given, because reusable workflows hand on inputs that nobody set', () => {
    const inputs = readInputs(manifest, fields, {
      INPUT_URL: 'https://a.example',
      INPUT_TIMEOUT: ' ',
      'INPUT_MAX-ATTEMPTS': '',
    })
    expect(inputs).toMatchObject({ timeout: 300_000, maxAttempts: 0 })
  })

  test('refuses an empty value that no default can fill', () => {
    expect(messageFor({ INPUT_URL: '' })).toBe('url: is required, and nothing was given')
  })

  test('reports every problem of every input in one message', () => {
    expect(
      messageFor({
        INPUT_URL: 'a.example\nb.example',
        INPUT_TIMEOUT: '30',
        'INPUT_MAX-ATTEMPTS': 'many',
        INPUT_TAGS: 'nonsense',
      }),
    ).toBe(
      [
        '4 inputs cannot be used:',
        "- url: 'a.example' has no scheme; write https://a.example; 'b.example' has no scheme; write https://b.example",
        "- timeout: '30' has no unit; write 30s",
        "- max-attempts: 'many' is not a whole number",
        "- tags: 'nonsense' is not of the form key=value",
      ].join('\n'),
    )
  })

  test('names both inputs of a conflict, and stays silent about it when one of them could not be read', () => {
    const check = (inputs: { maxAttempts?: number; successThreshold?: number }) =>
      (inputs.maxAttempts ?? 0) < (inputs.successThreshold ?? 0)
        ? [{ inputs: ['max-attempts', 'success-threshold'], message: '2 attempts cannot hold a streak of 3' }]
        : []
    const given = { INPUT_URL: 'https://a.example', 'INPUT_MAX-ATTEMPTS': '2' }
    expect(messageFor(given, check)).toBe('max-attempts, success-threshold: 2 attempts cannot hold a streak of 3')
    expect(messageFor({ ...given, 'INPUT_SUCCESS-THRESHOLD': 'x' }, check)).toBe(
      "success-threshold: 'x' is not a whole number",
    )
  })

  test('finds the secrets to mask before anything is parsed', () => {
    expect(secretTexts(manifest, fields, { INPUT_TOKEN: 'hunter2' })).toEqual(['hunter2'])
  })
})

test('a default that is an expression is for the runner to work out', () => {
  expect(inputText('github-token', manifest, {})).toBe('')
  expect(inputText('github-token', manifest, { 'INPUT_GITHUB-TOKEN': 'ghs_x' })).toBe('ghs_x')
})

test('a boolean is true or false as @actions/core reads it, and nothing else', () => {
  expect(['true', 'True', 'FALSE'].map(boolean().parse)).toEqual([true, true, false])
  expect(() => boolean().parse('yes')).toThrow("'yes' is not a boolean; write true or false")
})

test('a choice is one of its words, exactly', () => {
  expect(() => choice('guard', 'rollback').parse('Guard')).toThrow("'Guard' is not one of guard, rollback")
})

test('structured inputs take JSON and YAML and name the path of what does not fit', async () => {
  const field = structured(v.strictObject({ base: v.number(), provider: v.object({ name: v.string() }) }))
  await field.prepare?.('')
  expect(field.parse('{"base": 1, "provider": {"name": "FARGATE"}}')).toEqual(
    field.parse('base: 1\nprovider:\n  name: FARGATE'),
  )
  expect(() => field.parse('base: 1\nprovider: {name: 5}')).toThrow(/^provider\.name: /)
  expect(() => field.parse('base: 1\nprovider: {name: x}\nweight: 2')).toThrow(/weight/)
  expect(() => field.parse('base: [1')).toThrow(/^is neither JSON nor YAML: .*line 1/)
})

test('a list with commas takes one line', () => {
  expect(list(text(), { commas: true }).parse('subnet-a, subnet-b,')).toEqual(['subnet-a', 'subnet-b'])
})
