import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readActionFile } from './action-file.ts'
import { actionFolder, listActions } from './action-folder.ts'

const contractSchema = v.record(
  v.string(),
  v.strictObject({ inputs: v.record(v.string(), v.string()), outputs: v.array(v.string()) }),
)
const contract = v.parse(contractSchema, parse(await readFile(join(import.meta.dirname, 'contract.yml'), 'utf8')))

test('the actions are those of the contract', async () => {
  expect((await listActions()).written).toEqual(Object.keys(contract).sort())
})

describe.each(Object.entries(contract))('action.yml of %s', (action, { inputs, outputs }) => {
  const read = () => readActionFile(join(actionFolder(action), 'action.yml'))

  test('has every input with the default that the contract gives', async () => {
    const actual = (await read()).inputs
    const open = (name: string) => inputs[name] === 'any' && actual[name] && !actual[name].required
    const stated = Object.keys(inputs).map((name) => {
      const input = actual[name]
      const value = input?.required ? 'required' : input && (input.default ?? '')
      return [name, open(name) ? 'any' : value]
    })
    expect(Object.fromEntries(stated)).toEqual(inputs)
  })

  test('gives no default to an input that is required: GitHub would never ask for it', async () => {
    const all = Object.entries((await read()).inputs)
    expect(all.filter(([, input]) => input.required && input.default !== undefined)).toEqual([])
  })

  test('has every output', async () => {
    expect(Object.keys((await read()).outputs)).toEqual(expect.arrayContaining(outputs))
  })

  test('names inputs and outputs in kebab-case and runs its own bundle on Node 24', async () => {
    const file = await read()
    for (const name of [...Object.keys(file.inputs), ...Object.keys(file.outputs)]) {
      expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    }
    expect(file.runs).toMatchObject({ using: 'node24', main: 'dist/main.mjs' })
  })
})

test('auto-rollback acts after a failed or cancelled job', async () => {
  const { runs } = await readActionFile(join(actionFolder('auto-rollback'), 'action.yml'))
  expect(runs).toMatchObject({ post: 'dist/post.mjs', 'post-if': 'failure() || cancelled()' })
})
