import { expect, test } from 'vitest'
import { createWorkspace } from './testing/workspace.ts'

test('a cancelled build is ended with all its processes, and the step fails', async () => {
  await using workspace = await createWorkspace({ 'dist/a.js': 'x' })
  const cancel = new AbortController()
  const running = workspace.run(
    { files: 'dist/*', baseline: 'none', 'build-command': 'sleep 300 & sleep 300' },
    { PATH: process.env.PATH ?? '' },
    undefined,
    { signal: cancel.signal },
  )
  setTimeout(() => cancel.abort(), 100)
  const run = await running
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toMatch(/^The step was cancelled/)
  expect(run.outputs).toEqual({})
})
