import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRoutes } from './next-routes.ts'
import { createNextApplication } from './testing/next-application.ts'
import { pushToMain } from './testing/workspace.ts'

/** A build takes 4 to 10 s on an idle machine of two cores. */
const LIMIT_MS = 300_000

describe.each(['turbopack', 'webpack'] as const)('a real build of Next.js 16 with %s', (bundler) => {
  test('that one dependency made larger: the gate says which routes, and by how much', {
    timeout: LIMIT_MS,
  }, async () => {
    await using application = await createNextApplication()
    const { workspace } = application
    await application.build(bundler, 20)
    const before = await application.visit()

    const routes = await readRoutes(workspace.path, '.next')
    expect(routes.map(({ name }) => name)).toEqual(['/', '/_not-found', '/about', '/blog/[slug]', '/cart', '/old'])
    for (const [route, loaded] of before) {
      const scripts = [...loaded.keys()].map((path) => `.next/${path}`)
      expect(routes.find(({ name }) => name === route)?.chunks, route).toEqual(scripts)
    }
    if (bundler === 'turbopack') expect(await ownCounts(workspace.path)).toMatchObject(totals(before))

    const options = { 'next-dir': '.next', compression: 'none', baseline: 'file', 'baseline-file': 'base.json' }
    await workspace.run(options, ...pushToMain('a'.repeat(40)))
    await application.build(bundler, 400)
    const after = await application.visit()
    const run = await workspace.run({ ...options, 'max-increase': '2 kB' })
    const growth = (route: string): number => (totals(after)[route] ?? 0) - (totals(before)[route] ?? 0)
    expect(growth('/about')).toBeGreaterThan(2000)
    expect(
      JSON.parse(run.outputs.violations ?? '').map((each: { name: string; bytes: number }) => [each.name, each.bytes]),
    ).toEqual([
      ['/about', growth('/about')],
      ['/blog/[slug]', growth('/blog/[slug]')],
      ['total', Number(run.outputs.delta)],
    ])
    expect(run.summary).toMatch(/\| ❌ `\/about` \| \S+ kB \| \+\S+ kB/)
  })
})

function totals(loaded: ReadonlyMap<string, ReadonlyMap<string, number>>): Record<string, number> {
  const sum = (sizes: ReadonlyMap<string, number>): number => [...sizes.values()].reduce((all, size) => all + size, 0)
  return Object.fromEntries([...loaded].map(([route, sizes]) => [route, sum(sizes)]))
}

/** What Turbopack itself counts as the first load of each route. */
async function ownCounts(workspace: string): Promise<Record<string, number>> {
  const text = await readFile(join(workspace, '.next', 'diagnostics', 'route-bundle-stats.json'), 'utf8')
  const stats = JSON.parse(text) as readonly { readonly route: string; readonly firstLoadUncompressedJsBytes: number }[]
  return Object.fromEntries(stats.map(({ route, firstLoadUncompressedJsBytes: bytes }) => [route, bytes]))
}
