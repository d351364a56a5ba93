import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readActionFile } from './action-file.ts'
import { actionFolder, listActions, repositoryFolder } from './action-folder.ts'
import { collectMessages, readMessages, renderMessages } from './messages.ts'

const source = `
import { ActionError } from './errors.ts'
export function find(name: string): never {
  throw new ActionError('not-found', \`There is no \${name} | in this account.\`, { advice: 'Check the ' + 'name.', cause: 1 })
}
const other = (text: string) => new ActionError('refused', text)
`
const errors = `export type ErrorCode =
  /** It is not there. */
  | 'not-found'
  /** Sending it again cannot help. */
  | 'refused'
`

describe('the messages of errors', () => {
  test('are read from the source, with … for what is only known when it happens', () => {
    expect(readMessages('ecs-deploy', source)).toEqual([
      { owner: 'ecs-deploy', code: 'not-found', text: 'There is no … | in this account.', advice: 'Check the name.' },
    ])
  })

  test('stand below their kind, in cells that nothing ends', () => {
    expect(renderMessages(readMessages('ecs-deploy', source), errors)).toBe(`### not-found

It is not there.

| Action | Message | What to do |
|---|---|---|
| ecs-deploy | There is no … \\| in this account. | Check the name. |

### refused

Sending it again cannot help.`)
  })

  test('have a kind that errors.ts explains, or that of the error around which they stand', async () => {
    const known = await readFile(join(repositoryFolder, 'packages/core/src/errors.ts'), 'utf8')
    const messages = await collectMessages()
    const page = renderMessages(messages, known)
    const kinds = [...known.matchAll(/\| '([a-z-]+)'/g)].map(([, code]) => code)
    expect(kinds.filter((code) => !page.includes(`### ${code}\n`))).toEqual([])
    expect(messages.filter(({ code }) => code !== '…' && !kinds.includes(code))).toEqual([])
    expect(page.match(/^\| (several|[a-z]+-[a-z-]+) \|/gm)).toHaveLength(messages.length)
  })
})

test('every outcome and reason that an action.yml names stands in docs/messages.md', async () => {
  const page = await readFile(join(repositoryFolder, 'docs/messages.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| '))
  const { written } = await listActions()
  const named = written.map(async (action) => {
    const { outputs } = await readActionFile(join(actionFolder(action), 'action.yml'))
    const text = `${outputs.outcome?.description ?? ''} ${outputs.reason?.description ?? ''}`
    return [...text.matchAll(/`([a-z-]+)`/g)].map(([, value]) => ({ action, value: `\`${value}\`` }))
  })
  const missing = (await Promise.all(named)).flat().filter(({ action, value }) => {
    return !rows.some((row) => row.startsWith(`| ${action} |`) && row.includes(value))
  })
  expect(missing).toEqual([])
})
