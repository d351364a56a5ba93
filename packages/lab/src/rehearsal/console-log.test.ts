import { expect, test } from 'vitest'
import { createConsoleLog } from './console-log.ts'
import { rehearse, steps, writeReleaseTree } from './testing/rehearsed.ts'

test('a step that succeeds with a warning says so: an input that is misspelt', async () => {
  const lines: string[] = []
  await rehearse(steps('- uses: org/deploy-kit/greet@v1\n  with: { whom: you }\n- run: echo quiet'), {
    releaseTree: await writeReleaseTree(),
    onEvent: createConsoleLog((line) => lines.push(line)),
  })
  expect(lines).toContainEqual(expect.stringContaining("| warning: Unexpected input(s) 'whom'"))
  expect(lines.filter((line) => line.includes('|'))).toHaveLength(1)
})
