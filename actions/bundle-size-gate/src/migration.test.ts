import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createWorkspace } from './testing/workspace.ts'

const guide = await readFile(join(import.meta.dirname, '../../../docs/bundle-size-gate.md'), 'utf8')

/** The code blocks below a heading of the guide, in their order. */
function blocksBelow(heading: string): string[] {
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, content = '']) => content)
}

/** Text that gzip makes about half as large. */
const text = (length: number): string =>
  Array.from({ length: length / 8 }, (_, at) => ((at * 2654435761) >>> 0).toString(36).padStart(8, '0')).join('')

const built = {
  'dist/app.js': text(61_440),
  'dist/vendor.js': text(20_480),
  'dist/a.css': text(6000),
  'dist/print.css': text(60_000),
  'dist/app.js.map': text(90_000),
}

async function measure(inputs: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
  await using workspace = await createWorkspace({ ...built, ...files })
  const run = await workspace.run({ ...inputs, baseline: 'none' })
  expect(run.outputs['report-path']).toBeDefined()
  const report = JSON.parse(await readFile(run.outputs['report-path'] ?? '', 'utf8'))
  const lines = report.lines.map(({ name, bytes, budgetBytes }: Record<string, unknown>) => ({
    name,
    bytes,
    budgetBytes,
  }))
  return { exitCode: run.exitCode, lines, violations: JSON.parse(run.outputs.violations ?? '') }
}

describe('what the guide says about', () => {
  test.each([
    ['From size-limit', '.size-limit.json'],
    ['From bundlesize', 'bundlesize.config.json'],
    ['From bundlewatch', '.bundlewatch.config.json'],
  ])('%s: both configurations measure the same, and fail on the same', async (heading, file) => {
    const [before = '', after = ''] = blocksBelow(heading)
    const theirs = await measure({ config: file }, { [file]: before })
    const ours = await measure(parse(after))
    expect(ours).toEqual(theirs)
    expect(theirs.lines.length).toBeGreaterThan(0)
    expect(theirs.exitCode).toBe(1)
  })

  test('compressed-size-action: what is measured is what its pattern matched without its exclusions', async () => {
    const [, after = ''] = blocksBelow('From compressed-size-action')
    const { 'max-increase-percent': limit, ...inputs } = parse(after)
    expect(limit).toBe(5)
    const ours = await measure(inputs, { 'dist/node_modules/x.js': text(800) })
    const all = await measure({ files: 'dist/app.js\ndist/vendor.js\ndist/a.css\ndist/print.css' })
    const sum = (lines: readonly { bytes: number }[]): number => lines.reduce((total, line) => total + line.bytes, 0)
    expect(sum(ours.lines)).toBe(sum(all.lines))
  })
})
