import { describe, expect, test } from 'vitest'
import { parseActionFile } from './action-file.ts'
import { fillSections, renderTables } from './tables.ts'

const file = parseActionFile(
  `
name: Probe
description: Probes.
inputs:
  url: { description: 'What to probe, one a line.', required: true }
  files:
    description: |
      Lines \`glob\`, or
      \`name | glob\`.
    default: 'a|b'
  body: { description: Sent as it is. }
outputs:
  healthy: { description: Whether it was. }
runs: { using: node24, main: dist/main.mjs }
`,
  'action.yml',
)

describe('the tables of a README', () => {
  test('say what is required, what a default is, and escape what would end a cell', () => {
    expect(renderTables(file)).toEqual({
      inputs: `| Input | Default | Meaning |
|---|---|---|
| \`url\` | **required** | What to probe, one a line. |
| \`files\` | \`a\\|b\` | Lines \`glob\`, or \`name \\| glob\`. |
| \`body\` |  | Sent as it is. |`,
      outputs: `| Output | Meaning |
|---|---|
| \`healthy\` | Whether it was. |`,
    })
  })

  test('replace what is between the markers and nothing else', () => {
    const readme = '# Probe\n<!-- inputs -->\nold\n<!-- /inputs -->\nend\n'
    const filled = fillSections(readme, { inputs: '$& new' })
    expect(filled).toBe('# Probe\n<!-- inputs -->\n$& new\n<!-- /inputs -->\nend\n')
    expect(fillSections(filled, { inputs: '$& new' })).toBe(filled)
  })

  test.each(['', '<!-- inputs -->', '<!-- inputs -->\n<!-- /inputs -->\n<!-- inputs -->\n<!-- /inputs -->'])(
    'are refused where the markers are not there exactly once: %j',
    (readme) => {
      expect(() => fillSections(readme, { inputs: 'x' })).toThrow(
        'needs <!-- inputs --> and <!-- /inputs --> exactly once',
      )
    },
  )
})
