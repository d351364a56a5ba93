import { describe, expect, test } from 'vitest'
import { createWorkspace } from './testing/workspace.ts'

const options = { compression: 'none', baseline: 'none' }
const json = (value: unknown): string => JSON.stringify(value)
const chunk = (name: string): string => `static/chunks/${name}`

/** Chunks of so many bytes each, below `.next`. */
function chunks(sizes: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(sizes).map(([name, size]) => [`.next/${chunk(name)}`, 'x'.repeat(size)]))
}

function sizesOf(log: readonly string[]): Record<string, string> {
  const lines = log.map((line) => /^(\/\S*): (\S+ [kM]?B)/.exec(line)).filter((match) => match !== null)
  return Object.fromEntries(lines.map(([, name = '', size = '']) => [name, size]))
}

describe('routes of a Next.js build', () => {
  test('that load no JavaScript at all fail like a glob that matches nothing', async () => {
    const stats = [{ route: '/', firstLoadUncompressedJsBytes: 0, firstLoadChunkPaths: [] }]
    await using workspace = await createWorkspace({ '.next/diagnostics/route-bundle-stats.json': json(stats) })
    const run = await workspace.run({ 'next-dir': '.next', ...options })
    expect(run.exitCode).toBe(1)
    expect(JSON.parse(run.outputs.violations ?? '')).toEqual([
      expect.objectContaining({ rule: 'fail-on-missing', name: '/', message: expect.stringMatching(/no JavaScript/) }),
    ])
  })

  // Next.js 16.2 and newer with Turbopack: paths are written from the project's folder.
  test('are read from route-bundle-stats.json, each chunk once a route and once in the total', async () => {
    const stats = [
      {
        route: '/',
        firstLoadUncompressedJsBytes: 5,
        firstLoadChunkPaths: [`.next/${chunk('shared.js')}`, `.next/${chunk('home.js')}`],
      },
      {
        route: '/about',
        firstLoadUncompressedJsBytes: 4,
        firstLoadChunkPaths: [`.next/${chunk('shared.js')}`, `.next/${chunk('shared.js')}`],
      },
    ]
    await using workspace = await createWorkspace({
      ...chunks({ 'shared.js': 100, 'home.js': 20 }),
      '.next/diagnostics/route-bundle-stats.json': json(stats),
    })
    const run = await workspace.run({ 'next-dir': '.next', ...options, 'route-budget': '110 B' })
    expect(sizesOf(run.log)).toEqual({ '/': '120 B', '/about': '100 B' })
    expect(run.outputs.total).toBe('120')
    expect(JSON.parse(run.outputs.violations ?? '')).toEqual([
      expect.objectContaining({ rule: 'route-budget', name: '/', bytes: 120, limit: 110 }),
    ])
  })

  const pages = {
    '/_app': [chunk('main.js'), chunk('_app.js')],
    '/_error': [chunk('main.js')],
    '/old': [chunk('main.js'), chunk('old.js'), 'static/css/a.css'],
  }

  // Next.js 13 to 15 with webpack.
  test('are read from build-manifest.json and app-build-manifest.json, with the layouts around a page', async () => {
    const app = {
      '/page': [chunk('root.js'), chunk('app/page-1.js')],
      '/layout': [chunk('root.js'), chunk('app/layout-1.js'), 'static/css/b.css'],
      '/(shop)/cart/page': [chunk('root.js'), chunk('app/cart-1.js')],
      '/(shop)/layout': [chunk('app/shop-1.js')],
      '/api/hello/route': [chunk('root.js')],
    }
    await using workspace = await createWorkspace({
      ...chunks({
        'main.js': 100,
        '_app.js': 10,
        'old.js': 1,
        'root.js': 1000,
        'app/page-1.js': 1,
        'app/layout-1.js': 20,
        'app/cart-1.js': 300,
        'app/shop-1.js': 4000,
      }),
      '.next/build-manifest.json': json({ pages, rootMainFiles: [chunk('root.js')] }),
      '.next/app-build-manifest.json': json({ pages: app }),
    })
    const run = await workspace.run({ 'next-dir': '.next', ...options })
    expect(sizesOf(run.log)).toEqual({ '/': '1.02 kB', '/cart': '5.32 kB', '/old': '111 B' })
  })

  // Next.js 16 with webpack has no app-build-manifest.json: the client reference manifests name the chunks of client
  // modules (of other routes, too), and prerendered HTML names its scripts.
  test('are read from client reference manifests and prerendered HTML', async () => {
    const module = (...files: string[]) => ({
      id: 1,
      name: '*',
      chunks: files.flatMap((file) => ['1', file]),
      async: false,
    })
    const references = {
      clientModules: {
        '/app/counter.js': module('static/chunks/app/page-1.js'),
        '/app/blog/big.js': module('static/chunks/split.js', 'static/chunks/app/blog/%5Bslug%5D/page-1.js'),
        '/app/header.js': module('static/chunks/app/layout-1.js'),
      },
    }
    const manifest = (key: string) =>
      `globalThis.__RSC_MANIFEST=(globalThis.__RSC_MANIFEST||{});globalThis.__RSC_MANIFEST["${key}"]=${json(references)};`
    await using workspace = await createWorkspace({
      ...chunks({
        'root.js': 1000,
        'split.js': 100,
        'app/blog/[slug]/page-1.js': 10,
        'app/layout-1.js': 1,
        'app/page-1.js': 5,
        'html.js': 7,
        'old.js': 1,
      }),
      '.next/build-manifest.json': json({ pages: { '/_app': [] }, rootMainFiles: [chunk('root.js')] }),
      '.next/server/app-paths-manifest.json': json({
        '/blog/[slug]/page': 'a',
        '/about/page': 'b',
        '/_global-error/page': 'c',
        '/api/route': 'd',
      }),
      '.next/server/app/blog/[slug]/page_client-reference-manifest.js': manifest('/blog/[slug]/page'),
      '.next/server/app/about.html':
        '<script src="https://cdn.example/_next/static/chunks/html.js?dpl=1" async=""></script><script src="/_next/static/chunks/polyfill.js" noModule=""></script><script src="/other.js"></script>',
    })
    const run = await workspace.run({ 'next-dir': '.next', ...options })
    expect(sizesOf(run.log)).toEqual({ '/about': '1.01 kB', '/blog/[slug]': '1.11 kB' })
  })

  test('are found in .next without being asked for, but a folder with a cache alone is no build', async () => {
    await using workspace = await createWorkspace({ 'a.js': 'xx', '.next/cache/a': 'x' })
    expect((await workspace.run({ files: 'a.js', ...options })).outputs.total).toBe('2')
    await workspace.write({
      ...chunks({ 'main.js': 30, '_app.js': 1, 'old.js': 1 }),
      '.next/build-manifest.json': json({ pages }),
    })
    const run = await workspace.run({ files: 'a.js', ...options })
    expect(sizesOf(run.log)).toEqual({ '/old': '32 B' })
    expect(run.outputs.total).toBe('34')
  })

  test('with a chunk that is missing are an error that names it', async () => {
    await using workspace = await createWorkspace({
      '.next/build-manifest.json': json({ pages: { '/': [chunk('gone.js')] } }),
    })
    const run = await workspace.run({ 'next-dir': '.next', ...options })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(
      /^Chunks that Next\.js lists are missing: \.next\/static\/chunks\/gone\.js of \//,
    )
  })

  test.each([
    [
      { '.next/diagnostics/route-bundle-stats.json': '{"version":2}' },
      /built by Next\.js 17\.0\.1: diagnostics\/route-bundle-stats\.json, of version 2, is not what is known of it/,
    ],
    [
      { '.next/build-manifest.json': '{"routes":{}}' },
      /built by Next\.js 17\.0\.1: build-manifest\.json is not what is known/,
    ],
    [{ '.next/build-manifest.json': '{"pages":{"/_app":[]}}' }, /built by Next\.js 17\.0\.1: it lists no routes/],
    [
      {
        '.next/build-manifest.json': '{"pages":{}}',
        '.next/server/app-paths-manifest.json': '{"/page":"app/page.js"}',
      },
      /built by Next\.js 17\.0\.1: nothing in it says which JavaScript the route \/ loads/,
    ],
  ])('that are written in another way are an error that names the version: %j', async (files, message) => {
    await using workspace = await createWorkspace({
      ...files,
      '.next/diagnostics/framework.json': '{"name":"Next.js","version":"17.0.1"}',
    })
    const run = await workspace.run({ 'next-dir': '.next', ...options })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(message)
  })

  test('the version is that of the package when the build does not say it', async () => {
    await using workspace = await createWorkspace({
      'apps/web/.next/build-manifest.json': '{}',
      'node_modules/next/package.json': '{"name":"next","version":"12.3.4"}',
    })
    const run = await workspace.run({ 'next-dir': 'apps/web/.next', ...options })
    expect(run.annotations[0]?.message).toMatch(/^apps\/web\/\.next was built by Next\.js 12\.3\.4: /)
  })
})
