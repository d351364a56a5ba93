/**
 * Makes next-builds.json anew, by hand: `node actions/bundle-size-gate/src/testing/record-next-builds.ts`.
 *
 * Next.js and its compilers take 340 MB and a build 10 s and more, which is too much for every run of the tests. So this
 * installs it in a temporary folder, builds an application with Turbopack and with webpack, before and after one of its
 * dependencies grew, and keeps what the builds wrote: the manifests and pages as they are, of the chunks the sizes. And
 * it starts the application and keeps which scripts each page really loads: what the tests hold the gate to.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { RecordedBuild } from './next-build.ts'

const run = promisify(execFile)
const PORT = 41_731
const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }

const counter = (depth: string): string => `'use client'
import { useState } from 'react'
import { words } from 'words'
export function Counter() {
  const [count, set] = useState(${depth.length})
  return <button onClick={() => set(count + 1)}>{words[count % words.length]}</button>
}
`
const words = (count: number): string =>
  `export const words = ${JSON.stringify(Array.from({ length: count }, (_, at) => (at * 2654435761).toString(36)))}\n`

const application = {
  'package.json': JSON.stringify({
    private: true,
    dependencies: { next: '16.4.6', react: '19.2.7', 'react-dom': '19.2.7' },
  }),
  'app/layout.jsx': 'export default function Layout({ children }) { return <html><body>{children}</body></html> }\n',
  'app/page.jsx': 'export default function Home() { return <p>home</p> }\n',
  'app/about/counter.jsx': counter(''),
  'app/about/page.jsx': "import { Counter } from './counter'\nexport default function About() { return <Counter /> }\n",
  'app/blog/[slug]/counter.jsx': counter('x'),
  'app/blog/[slug]/page.jsx':
    "import { Counter } from './counter'\nexport default async function Post({ params }) { return <p>{(await params).slug}<Counter /></p> }\n",
  'app/(shop)/cart/page.jsx': 'export default function Cart() { return <p>cart</p> }\n',
  'pages/old.jsx': 'export default function Old() { return <p>old</p> }\n',
}
const dependency = {
  'node_modules/words/package.json': '{"name": "words", "version": "1.0.0", "type": "module", "main": "index.js"}',
}
/** Pages by route, as a browser asks for them. */
const pages = { '/': '/', '/about': '/about', '/blog/[slug]': '/blog/first', '/cart': '/cart', '/old': '/old' }

const builds: Record<string, { before: RecordedBuild; after: RecordedBuild }> = {}
const folder = await mkdtemp(join(tmpdir(), 'next-builds-'))
try {
  await write(application)
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder })
  await write(dependency)
  for (const bundler of ['turbopack', 'webpack'] as const) {
    builds[bundler] = { before: await build(bundler, 20), after: await build(bundler, 400) }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
await writeFile(join(import.meta.dirname, 'next-builds.json'), `${JSON.stringify(builds, undefined, 2)}\n`)

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

async function build(bundler: 'turbopack' | 'webpack', count: number): Promise<RecordedBuild> {
  await write({ 'node_modules/words/index.js': words(count) })
  await rm(join(folder, '.next'), { recursive: true, force: true })
  await run('node_modules/.bin/next', ['build', `--${bundler}`], { cwd: folder, env: environment })
  const chunks: Record<string, number> = {}
  for await (const path of glob('static/**/*.js', { cwd: join(folder, '.next') }))
    chunks[path] = (await stat(join(folder, '.next', path))).size
  const texts: Record<string, string> = {}
  // What concerns routes: other manifests hold keys of this build and paths of this machine.
  const kept =
    '{*build-manifest,app-path-routes-manifest,diagnostics/*,server/app-paths-manifest}.json,server/{app,pages}/**/*{.html,_client-reference-manifest.js}'
  for await (const path of glob(`{${kept}}`, { cwd: join(folder, '.next') })) {
    const text = await readFile(join(folder, '.next', path), 'utf8')
    texts[path] = text.replaceAll(folder, '/application')
  }
  return { chunks: sorted(chunks), texts: sorted(texts), loaded: await visit() }
}

/** The scripts of Next.js that each page loads, without those for browsers of old. */
async function visit(): Promise<Record<string, string[]>> {
  const server = spawn('node_modules/.bin/next', ['start', '-H', '127.0.0.1', '-p', String(PORT)], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  try {
    for await (const text of server.stdout.setEncoding('utf8')) if (/Ready/.test(text)) break
    const loaded: Record<string, string[]> = {}
    for (const [route, path] of Object.entries(pages)) {
      const html = await (await fetch(`http://127.0.0.1:${PORT}${path}`)).text()
      const tags = [...html.matchAll(/<script\b[^>]*>/gi)].map(([tag]) => tag).filter((tag) => !/nomodule/i.test(tag))
      const scripts = tags.flatMap((tag) => /\/_next\/(static\/[^"?]+)/.exec(tag)?.[1] ?? [])
      loaded[route] = [...new Set(scripts.map(decodeURIComponent))].sort()
    }
    return loaded
  } finally {
    const ended = once(server, 'exit')
    process.kill(-(server.pid ?? 0), 'SIGTERM')
    await ended
  }
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
