import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

const PROGRAM = `
import { defineAction } from '${new URL('action.ts', import.meta.url)}'
import { runMain } from '${new URL('runner.ts', import.meta.url)}'

const manifest = { name: 'probe', description: '', inputs: {}, outputs: {} }
void runMain(defineAction({ name: 'probe', manifest, fields: {}, main: () => new Promise(() => {}) }))
`

test('a step with nothing left to wait for and no verdict is not green', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], { stdio: 'ignore' })
  expect((await once(child, 'exit'))[0]).toBe(1)
})
