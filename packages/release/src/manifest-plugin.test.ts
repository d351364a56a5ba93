import { describe, expect, test } from 'vitest'
import { parseActionFile } from './action-file.ts'
import { toManifest } from './manifest-plugin.ts'

const source = `
name: Probe
description: Probes.
inputs:
  url: { description: What to probe., required: true }
  jitter: { description: A share., default: 0.1 }
  dry-run: { description: Change nothing., default: false }
  body: { description: Sent., default: '' }
outputs:
  healthy: { description: Whether it was. }
runs: { using: node24, main: dist/main.mjs }
`

describe('the manifest that an action imports', () => {
  test('has names, defaults as text and what is required, and no descriptions', () => {
    expect(toManifest(parseActionFile(source, 'action.yml'))).toEqual({
      name: 'Probe',
      inputs: { url: { required: true }, jitter: { default: '0.1' }, 'dry-run': { default: 'false' }, body: {} },
      outputs: { healthy: {} },
    })
  })

  test('is refused with every problem when action.yml has keys that GitHub would ignore', () => {
    const misspelt = source.replace('required: true', 'requried: true').replace('node24', 'node20')
    expect(() => parseActionFile(misspelt, 'actions/probe/action.yml')).toThrow(
      /actions\/probe\/action\.yml is not a valid.*\n {2}inputs\.url\.requried: .*\n {2}runs\.using: /,
    )
  })
})
