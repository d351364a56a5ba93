import { describe, expect, test } from 'vitest'
import { readRoutes } from './next-routes.ts'
import { readRecordedBuilds, toFiles } from './testing/next-build.ts'
import { createWorkspace, pushToMain } from './testing/workspace.ts'

/** What `next build` of Next.js 16 really wrote; record-next-builds.ts makes it anew. */
const builds = await readRecordedBuilds()

describe.each(['turbopack', 'webpack'] as const)('a real build of Next.js 16 with %s', (bundler) => {
  const { before, after } = builds[bundler]

  test('has the routes whose pages load just the chunks that are counted', async () => {
    await using workspace = await createWorkspace(toFiles(before))
    const routes = await readRoutes(workspace.path, '.next')
    expect(routes.map(({ name }) => name)).toEqual(['/', '/_not-found', '/about', '/blog/[slug]', '/cart', '/old'])
    for (const [route, loaded] of Object.entries(before.loaded)) {
      // The pages router's lists of its own pages are loaded after the first load, and its manifests leave them out.
      const scripts = loaded.filter((path) => !/\/_\w+Manifest\.js$/.test(path))
      expect(routes.find(({ name }) => name === route)?.chunks, route).toEqual(scripts.map((path) => `.next/${path}`))
    }
  })

  test('that one dependency made larger: the gate says which routes, and by how much', async () => {
    await using workspace = await createWorkspace(toFiles(before))
    const options = { 'next-dir': '.next', compression: 'none', baseline: 'file', 'baseline-file': 'base.json' }
    await workspace.run(options, ...pushToMain('a'.repeat(40)))
    await using later = await createWorkspace(toFiles(after))
    const run = await later.run({ ...options, 'baseline-file': `${workspace.path}/base.json`, 'max-increase': '2 kB' })
    const growth = (route: string): number => firstLoad(after, route) - firstLoad(before, route)
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

test("Turbopack's own count of a route's first load is what the gate counts", async () => {
  const { before } = builds.turbopack
  const stats = JSON.parse(before.texts['diagnostics/route-bundle-stats.json'] ?? '') as readonly {
    readonly route: string
    readonly firstLoadUncompressedJsBytes: number
  }[]
  await using workspace = await createWorkspace(toFiles(before))
  for (const { name, chunks } of await readRoutes(workspace.path, '.next')) {
    const bytes = chunks.reduce((sum, path) => sum + (before.chunks[path.replace('.next/', '')] ?? Number.NaN), 0)
    expect(bytes, name).toBe(stats.find(({ route }) => route === name)?.firstLoadUncompressedJsBytes)
  }
})

function firstLoad(build: (typeof builds)['webpack']['before'], route: string): number {
  const scripts = (build.loaded[route] ?? []).filter((path) => !/\/_\w+Manifest\.js$/.test(path))
  return scripts.reduce((sum, path) => sum + (build.chunks[path] ?? Number.NaN), 0)
}
