import { build } from 'vite'
import { expect, test } from 'vitest'
import { createWorkspace, pushToMain } from './testing/workspace.ts'

/** A dependency as large as `words` says, which no minifier can make smaller. */
const dependency = (words: number): string =>
  `export const words = ${JSON.stringify(Array.from({ length: words }, (_, at) => (at * 2654435761).toString(36)))}\n`

const page = {
  'index.html': '<!doctype html><script type="module" src="/src/main.js"></script>',
  'src/main.js': 'import("./admin.js").then(({ admin }) => admin())\nimport "./style.css"\ndocument.title = "home"\n',
  'src/style.css': 'body { color: rebeccapurple }\n',
  'src/admin.js': 'import { words } from "dependency"\nexport const admin = () => console.log(words)\n',
  'node_modules/dependency/package.json':
    '{"name": "dependency", "version": "1.0.0", "type": "module", "main": "index.js"}',
}

test('a Vite build that one dependency made larger: the gate says which file, which module, and by how much', async () => {
  await using workspace = await createWorkspace({ ...page, 'node_modules/dependency/index.js': dependency(200) })
  const buildPage = () =>
    build({ root: workspace.path, configFile: false, logLevel: 'silent', build: { sourcemap: true } })
  await buildPage()
  const options = {
    files: 'scripts | dist/assets/*.js\nstyles | dist/assets/*.css',
    baseline: 'file',
    'baseline-file': 'base.json',
    'source-maps': 'true',
  }
  const first = await workspace.run(options, ...pushToMain('a'.repeat(40)))
  await workspace.write({ 'node_modules/dependency/index.js': dependency(900) })
  await buildPage()
  const second = await workspace.run({ ...options, 'max-increase': '2 kB' })
  expect(second.exitCode).toBe(1)
  const delta = Number(second.outputs.total) - Number(first.outputs.total)
  expect(delta).toBeGreaterThan(3000)
  expect(second.outputs.delta).toBe(String(delta))
  expect(
    JSON.parse(second.outputs.violations ?? '').map((each: { name: string; bytes: number }) => [each.name, each.bytes]),
  ).toEqual([
    ['scripts', delta],
    ['total', delta],
  ])
  expect(second.summary).toMatch(/\| `node_modules\/dependency\/index\.js` \| \S+ kB \| \S+ kB \| \+\S+ kB/)
  expect(second.summary).toMatch(/Modules: 0 new, 0 removed, 1 changed/)
  // The entry changed too: it names the chunk by its hash.
  expect(second.summary).toMatch(/Files: 0 new, 0 removed, [12] changed/)
  expect(second.summary).toMatch(/\| `dist\/assets\/admin-\[hash\]\.js` \| \S+ kB \| \S+ kB \| \+\S+ kB/)
})
