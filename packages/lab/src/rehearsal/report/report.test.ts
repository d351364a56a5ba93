import { expect, test } from 'vitest'
import type { RequestEntry } from '../../journal.ts'
import type { Rehearsal } from '../rehearsal.ts'
import { rehearse, steps } from '../testing/rehearsed.ts'
import { renderReport } from './report.ts'

const nothing = { services: [], health: undefined, tables: [], migrations: [], snapshots: [] }

const empty = { title: 'Mine', before: nothing, after: nothing, visits: [], journal: [], expectations: [] }

async function reportOf(text: string, further: Partial<Rehearsal> = {}): Promise<string> {
  return renderReport('A <title>', [{ ...empty, run: await rehearse(steps(text)), ...further }])
}

test('the report is one file that runs and loads nothing, whatever a step has printed', async () => {
  const html = await reportOf(`
- name: <b>bold</b>
  run: |
    echo '<script>alert(1)</script>'
    echo '<script src="https://x.example/x.js"></script> <img src="https://x.example/x.png" onerror="x()">' >> $GITHUB_STEP_SUMMARY
    printf '\\n[go](javascript:x)\\n' >> $GITHUB_STEP_SUMMARY`)
  expect(html).not.toMatch(/<script|<link|<img|<iframe|<b>bold/)
  expect(html).not.toMatch(/<[^>]+(\bon\w+=|href="javascript:)/)
  expect(html).toContain('&lt;script&gt;alert(1)')
  expect(html).toContain('<title>A &lt;title&gt;</title>')
})

test('a step that failed is open, with what it was given and its own groups closed', async () => {
  const html = await reportOf(`
- name: Try
  run: |
    echo ::group::Details; echo inner; echo ::endgroup::; echo outer
    echo ::group::Left open; echo last
    exit 1`)
  const log = /<details open><summary>.*?Try[\s\S]*?<h3>Requests/.exec(html)?.[0] ?? ''
  expect(log.match(/<details>/g)).toHaveLength(3)
  expect(log.match(/<\/details>/g)).toHaveLength(4)
  expect(log).toMatch(/<summary>Details<\/summary><div[^>]*>inner\n?<\/div><\/details><div[^>]*>outer/)
  expect(log).toMatch(/<div class="error"[^>]*>Error: Process completed with exit code 1\./)
})

test('a scene in which the workflow had to fail is marked by what had to be true', async () => {
  const failing = '- run: exit 1'
  const held = await reportOf(failing, { expectations: [{ statement: 'it fails', holds: true }] })
  expect(held).toContain('workflow: failure</span> <span class="mark success">ended as it must')
  const missed = await reportOf(failing, { expectations: [{ statement: 'it does not', holds: false }] })
  expect(missed).toContain('<span class="mark failure">did not end as it must')
})

test('secrets are masked in requests, also those that a step has made up', async () => {
  const run = await rehearse(steps('- run: echo ::add-mask::made-up-in-step'), { secrets: { KEY: 'given "secret"' } })
  const input = { name: 'app', environment: [{ value: 'x given "secret" y' }, { value: 'made-up-in-step' }] }
  const entry: RequestEntry = {
    kind: 'request',
    sequence: 1,
    at: new Date(0),
    service: 'ecs',
    operation: 'RunTask',
    caller: 'arn:aws:iam::123456789012:user/lab',
    input,
    outcome: { kind: 'answered', status: 200, output: {} },
  }
  const html = renderReport('Mine', [{ ...empty, run, journal: [entry] }])
  expect(html).toContain('&quot;value&quot;: &quot;x *** y&quot;')
  expect(html).toContain('&quot;value&quot;: &quot;***&quot;')
})

test('a chart in a summary is put aside, since only GitHub draws it', async () => {
  const html = await reportOf("- run: printf '```mermaid\\nxychart-beta\\n```\\n' >> $GITHUB_STEP_SUMMARY")
  expect(html).toContain('<details><summary>A chart, which GitHub draws</summary><pre>xychart-beta</pre></details>')
})
