import { expect, test } from 'vitest'
import { parseActionFile } from '../action-file.ts'
import { type Contract, findBreaks } from './contract-check.ts'
import { actionFile } from './testing/source-repository.ts'

function contract(files: Readonly<Record<string, string>>): Contract {
  return new Map(Object.entries(files).map(([name, text]) => [name, parseActionFile(text, name)]))
}

const before = contract({
  probe: actionFile(
    '{ url: { description: U., required: true }, body: { description: B. }, every: { description: E., default: 2s } }',
  ),
  gate: actionFile('{}'),
})

test('what existing workflows would notice is a break: anything gone, a changed default, anything newly required', () => {
  const after = contract({
    probe: actionFile(
      '{ body: { description: B., required: true }, every: { description: E., default: 3s }, new: { description: N., required: true } }',
      '{}',
    ),
  })
  expect(findBreaks(before, after)).toEqual([
    'probe: the input url is gone',
    'probe: the input body has become required',
    "probe: the default of every was '2s' and is '3s'",
    'probe: the new input new is required',
    'probe: the output done is gone',
    'gate: the action is gone',
  ])
})

test('what existing workflows would not notice is none: new actions, inputs and outputs, an empty default, no longer required', () => {
  const after = contract({
    probe: actionFile(
      "{ url: { description: Other words. }, body: { description: B., default: '' }, every: { description: E., default: 2s }, more: { description: M., default: x } }",
      '{ done: { description: D. }, more: { description: M. } }',
    ),
    gate: actionFile('{}'),
    third: actionFile('{ needed: { description: N., required: true } }'),
  })
  expect(findBreaks(before, after)).toEqual([])
})
