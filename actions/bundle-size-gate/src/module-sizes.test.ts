import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { measureModules, nameModule } from './module-sizes.ts'
import { createWorkspace, pushToMain } from './testing/workspace.ts'

const { signal } = new AbortController()
const script = 'import "./b"\nconst a = 1\n'
/** The first line of the script is from a.ts, the second from b.ts, where it begins with an `ä`. */
const map = { version: 3, sources: ['../src/a.ts', '../src/b.ts'], names: [], mappings: 'AAAA;ACAA' }
const inline = (given: object): string =>
  `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(given)).toString('base64')}`

describe('the modules of files with source maps', () => {
  test('are summed over files, from maps beside, in them and in sections; every byte belongs somewhere', async () => {
    const sections = { version: 3, sections: [{ offset: { line: 0, column: 0 }, map }] }
    const files = {
      'dist/linked.js': `${script}//# sourceMappingURL=maps/linked.map?v=1`,
      'dist/maps/linked.map': JSON.stringify({ ...map, sources: ['../../src/a.ts', '../../src/b.ts'] }),
      'dist/inline.js': `${script}${inline(map)}`,
      'dist/hidden.css': 'ä {}\nbcd {}',
      'dist/hidden.css.map': JSON.stringify(sections),
      'dist/none.js': 'x',
    }
    await using workspace = await createWorkspace(files)
    const paths = Object.keys(files).filter((path) => /\.(js|css)$/.test(path))
    const found = await measureModules(paths, workspace.path, signal)
    expect(found.bytes).toMatchObject({ 'src/a.ts': 12 + 12 + 5, 'src/b.ts': 11 + 11 + 6 })
    const mapped = paths.filter((path) => path !== 'dist/none.js')
    const lengths = mapped.map((path) => Buffer.byteLength(files[path as keyof typeof files]))
    expect(sum(Object.values(found.bytes))).toBe(sum(lengths))
    expect(found).toMatchObject({ unmapped: 1, problems: [] })
  })

  test('are not looked for outside the workspace, and a map that is none is said and harms nothing else', async () => {
    await using workspace = await createWorkspace({
      'dist/away.js': `${script}//# sourceMappingURL=../../temp/away.map`,
      'dist/web.js': `${script}//# sourceMappingURL=https://example.com/web.js.map`,
      'dist/broken.js': script,
      'dist/broken.js.map': '{',
      'dist/good.js': `${script}${inline(map)}`,
    })
    const run = await workspace.run({ files: 'dist/*.js', baseline: 'none', 'source-maps': 'true' })
    expect(run.exitCode).toBe(0)
    expect(run.annotations.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^The source map of dist\/broken\.js cannot be used: .*JSON/),
    ])
    expect(run.log).toContain(
      'source-maps: 2 files of scripts and styles without a source map; their modules are not known.',
    )
    const report = JSON.parse(await readFile(run.outputs['report-path'] ?? '', 'utf8'))
    expect(report.modules).toMatchObject({ 'src/a.ts': 12, 'src/b.ts': 11 })
  })

  test.each([
    ['../../src/main.js', 'src/main.js'],
    ['webpack://_N_E/./app/page.jsx?5f3a', 'app/page.jsx'],
    ['webpack:///./node_modules/dayjs/dayjs.min.js', 'node_modules/dayjs/dayjs.min.js'],
    ['turbopack:///[project]/lib/words.js', 'lib/words.js'],
    ['../../node_modules/.pnpm/dayjs@1.11.0/node_modules/dayjs/esm/index.js', 'node_modules/dayjs/esm/index.js'],
    ['file:///home/runner/work/app/src/a.ts', 'src/a.ts'],
    ['/home/runner/work/app/src/a.ts', 'src/a.ts'],
    ['../../../shared/x.ts', 'shared/x.ts'],
    [null, '[no module]'],
  ])('%s is %s on every machine', (source, name) => {
    expect(nameModule(source, 'dist/assets/main.js.map', '/home/runner/work/app')).toBe(name)
  })

  test('are compared when the baseline knows them too, and the report says so when it does not', async () => {
    await using workspace = await createWorkspace({ 'dist/a.js': script, 'dist/a.js.map': JSON.stringify(map) })
    const options = { files: 'dist/*.js', compression: 'none', baseline: 'file', 'baseline-file': 'base.json' }
    await workspace.run(options, ...pushToMain('a'.repeat(40)))
    const asked = { ...options, 'source-maps': 'true' }
    const without = await workspace.run(asked, ...pushToMain('b'.repeat(40)))
    expect(without.summary).toContain('It was measured without source-maps, so it knows no modules.')
    await workspace.write({ 'dist/a.js': script.replace('const a = 1', 'const a = 1000') })
    const compared = await workspace.run(asked)
    expect(compared.summary).toContain('Modules: 0 new, 0 removed, 1 changed, in bytes before compression')
    expect(compared.summary).toContain('| `src/b.ts` | 11 B | 14 B | +3 B (+27.3 %) |')
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
