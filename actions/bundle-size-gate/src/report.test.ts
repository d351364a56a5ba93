import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { Comparison } from './comparison.ts'
import type { Judgement } from './judgement.ts'
import type { MeasuredLine } from './measurement.ts'
import { type GateReport, headline, renderComment, renderReport } from './report.ts'
import { createWorkspace, pushToMain } from './testing/workspace.ts'

const line = (name: string, bytes: number, budgetBytes?: number): MeasuredLine => ({
  name,
  compression: 'gzip',
  bytes,
  files: [{ path: `${name}.js`, bytes, rawBytes: bytes * 3 }],
  ...(budgetBytes !== undefined && { budget: { bytes: budgetBytes, rule: 'budget' } }),
})

function report(
  lines: readonly MeasuredLine[],
  comparison?: Comparison,
  judgement?: Partial<Judgement>,
  collisions: readonly string[] = [],
): GateReport {
  const files = lines.flatMap((each) => each.files)
  return {
    measurement: { lines, files, totalBytes: files.reduce((sum, file) => sum + file.bytes, 0) },
    judgement: { violations: [], warnings: [], ...judgement },
    ...(comparison && { comparison }),
    collisions,
    baselineNote: 'Compared with 0123456789 (the merge base).',
  }
}

const frame = { marker: '<!-- marker -->', title: 'ci / size', runUrl: 'https://github.com/org/app/actions/runs/7' }

describe('the report', () => {
  test('lists names that several files share without their hashes, compared or not', async () => {
    const files = { 'dist/app.3f2a9c1b.js': 'x', 'dist/app.99e1b2c4.js': 'xx', 'dist/other.js': 'x' }
    await using workspace = await createWorkspace(files)
    const options = { files: 'dist/*.js', compression: 'none', baseline: 'file', 'baseline-file': 'base.json' }
    const first = await workspace.run(options, ...pushToMain('a'.repeat(40)))
    const second = await workspace.run(options)
    for (const run of [first, second]) {
      expect(run.summary).toMatch(/Several files share a name .*: `dist\/app\.\[hash\]\.js`\./)
      expect(run.outputs['comment-body']).toContain('`dist/app.[hash].js`')
      const report = JSON.parse(await readFile(run.outputs['report-path'] ?? '', 'utf8'))
      expect(report.collisions).toEqual(['dist/app.[hash].js'])
    }
  })

  test('says what failed first, then what changed, largest first; the unchanged is folded', () => {
    const comparison: Comparison = {
      sha: '0123456789abcdef',
      total: { beforeBytes: 9000, afterBytes: 11_500 },
      lines: [
        { name: 'small', beforeBytes: 1000, afterBytes: 1500 },
        { name: 'large', beforeBytes: 5000, afterBytes: 7000 },
        { name: 'same', beforeBytes: 3000, afterBytes: 3000 },
        { name: 'gone', beforeBytes: 700 },
      ],
      files: [
        { name: 'large.[hash].js', beforeBytes: 5000, afterBytes: 6000 },
        { name: 'new.js', afterBytes: 1000 },
      ],
      collisions: [],
    }
    const violation = {
      rule: 'budget',
      name: 'large',
      bytes: 7000,
      limit: 6000,
      message: 'large is 7.00 kB, 1.00 kB over its budget of 6.00 kB.',
    } as const
    const given = report([line('small', 1500), line('large', 7000, 6000), line('same', 3000)], comparison, {
      violations: [violation],
    })
    expect(headline(given)).toBe(
      'large is 7.00 kB, 1.00 kB over its budget of 6.00 kB. 11.5 kB in all, +2.50 kB (+27.8 %)',
    )
    expect(renderComment(given, frame)).toBe(`<!-- marker -->
### ❌ Bundle size (ci / size)

large is 7.00 kB, 1.00 kB over its budget of 6.00 kB. 11.5 kB in all, +2.50 kB (+27.8 %).

- ❌ large is 7.00 kB, 1.00 kB over its budget of 6.00 kB. (\`budget\`)

|  | Size | Change | Budget |
| --- | --- | --- | --- |
| ❌ \`large\` | 7.00 kB | +2.00 kB (+40.0 %) | 6.00 kB (116 %) |
| \`gone\` |  | removed, −700 B |  |
| \`small\` | 1.50 kB | +500 B (+50.0 %) |  |
| **Total** | **11.5 kB** | +2.50 kB (+27.8 %) |  |

<details><summary>1 line unchanged</summary>

|  | Size | Budget |
| --- | --- | --- |
| \`same\` | 3.00 kB |  |

</details>

<details><summary>Files: 1 new, 0 removed, 1 changed</summary>

| File | Before | Now | Change |
| --- | --- | --- | --- |
| \`large.[hash].js\` | 5.00 kB | 6.00 kB | +1.00 kB (+20.0 %) |
| \`new.js\` |  | 1.00 kB | new, +1.00 kB |

</details>

Compared with 0123456789 (the merge base).

[Run that measured this](https://github.com/org/app/actions/runs/7)`)
  })

  test('of 5,000 lines, files and violations with long names fits into a comment', () => {
    const names = Array.from({ length: 5000 }, (_, at) => `${'very/long/'.repeat(30)}${at}.js`)
    const comparison: Comparison = {
      sha: 'a',
      total: { beforeBytes: 1, afterBytes: 2 },
      lines: names.map((name, at) => ({ name, beforeBytes: at, afterBytes: at * 2 })),
      files: names.map((name, at) => ({ name, beforeBytes: at, afterBytes: at * 3 })),
      collisions: names,
    }
    const violations = names.map(
      (name) => ({ rule: 'budget', name, bytes: 1, limit: 1, message: `${name} is too large` }) as const,
    )
    const given = report(
      names.map((name) => line(name, 10)),
      comparison,
      { violations, warnings: names },
      names,
    )
    const comment = renderComment(given, frame)
    expect(comment.length).toBeLessThanOrEqual(65_536)
    expect(comment).toMatch(/5,000 limits not held/)
    expect(renderReport(given).length).toBeLessThan(1024 * 1024)
  })

  test('of thousands of violations says the total and the worst few, and how many more there are', () => {
    const budget = (name: string, bytes: number) =>
      ({ rule: 'budget', name, bytes, limit: 1000, message: `${name} is over` }) as const
    const violations = [
      ...Array.from({ length: 3000 }, (_, at) => budget(`line-${at}`, 1001 + at)),
      { rule: 'total-budget', name: 'total', bytes: 20, limit: 10, message: 'total is over' } as const,
    ]
    const given = report([line('line-0', 1001)], undefined, { violations })
    expect(headline(given)).toBe('3,001 limits not held: 1.00 kB in all. total is over')
    const listed = renderComment(given, frame).match(/^- .*$/gm)
    expect(listed?.slice(0, 2)).toEqual(['- ❌ total is over (`total-budget`)', '- ❌ line-2999 is over (`budget`)'])
    expect(listed).toHaveLength(11)
    expect(listed?.at(-1)).toBe('- … and 2,991 more')
  })

  test('shows names as they are and lets none of them become markup', () => {
    const name = '<b>|`x`|</b> @team [link](https://evil.example)'
    const given = report([line(name, 10)], undefined, { warnings: [`${name} is large.`] })
    const text = renderReport(given)
    expect(text).toContain('| ``<b>\\|`x`\\|</b> @team [link](https://evil.example)`` |')
    expect(text).toContain('&lt;b&gt;\\|\\`x\\`\\|&lt;/b&gt; &#64;team \\[link\\]')
  })

  test('many lines are a fold of the log', async () => {
    const files = Object.fromEntries(Array.from({ length: 31 }, (_, at) => [`dist/${at}.js`, 'x']))
    await using workspace = await createWorkspace(files)
    const run = await workspace.run({ files: Object.keys(files).join('\n'), compression: 'none', baseline: 'none' })
    expect(run.log).toHaveLength(34)
    expect(run.log.slice(0, 2)).toEqual(['::group::31 lines', 'dist/0.js: 1 B, none'])
    expect(run.log.slice(-2)).toEqual(['::endgroup::', 'All limits held: 31 B in all'])
  })
})
