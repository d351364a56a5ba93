import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, stat, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createWorkspace, type TestWorkspace } from './workspace.ts'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../../../../', import.meta.url))
const nextPackage = dirname(fileURLToPath(import.meta.resolve('next/package.json')))
const next = join(nextPackage, 'dist', 'bin', 'next')

/** A workspace with a Next.js application: routes of both routers, one of them dynamic and one in a group. */
export interface NextApplication extends AsyncDisposable {
  readonly workspace: TestWorkspace
  /** Runs `next build`, with a dependency of some client components that is as large as `words` says. */
  build(bundler: 'turbopack' | 'webpack', words: number): Promise<void>
  /** Starts the application and says which scripts each page makes a browser load at first: route to path and bytes. */
  visit(): Promise<Map<string, Map<string, number>>>
}

/** Pages by route, as a browser asks for them. */
const PAGES = { '/': '/', '/about': '/about', '/blog/[slug]': '/blog/first', '/cart': '/cart', '/old': '/old' }

const counter = (start: number): string => `'use client'
import { useState } from 'react'
import { words } from 'words'
export function Counter() {
  const [count, set] = useState(${start})
  return <button onClick={() => set(count + 1)}>{words[count % words.length]}</button>
}
`

const application = {
  'package.json': '{ "private": true }',
  'next.config.mjs': `export default {
  turbopack: { root: ${JSON.stringify(repository)} },
  outputFileTracingRoot: ${JSON.stringify(repository)},
  // What a server would need is of no interest here, and takes half of the time of a build to find out.
  outputFileTracingExcludes: { '**': ['**/*'] },
  experimental: { cpus: 1 },
}
`,
  'app/layout.jsx': 'export default function Layout({ children }) { return <html><body>{children}</body></html> }\n',
  'app/page.jsx': 'export default function Home() { return <p>home</p> }\n',
  'app/about/counter.jsx': counter(0),
  'app/about/page.jsx': "import { Counter } from './counter'\nexport default function About() { return <Counter /> }\n",
  'app/blog/[slug]/counter.jsx': counter(1),
  'app/blog/[slug]/page.jsx':
    "import { Counter } from './counter'\nexport default async function Post({ params }) { return <p>{(await params).slug}<Counter /></p> }\n",
  'app/(shop)/cart/page.jsx': 'export default function Cart() { return <p>cart</p> }\n',
  'pages/old.jsx': 'export default function Old() { return <p>old</p> }\n',
  'node_modules/words/package.json': '{"name": "words", "version": "1.0.0", "type": "module", "main": "index.js"}',
}

/** No minifier can make it smaller. */
const dependency = (words: number): string =>
  `export const words = ${JSON.stringify(Array.from({ length: words }, (_, at) => (at * 2654435761).toString(36)))}\n`

/** The folder lies in the repository, since Turbopack follows no link to packages outside of its root. */
export async function createNextApplication(): Promise<NextApplication> {
  const scratch = join(repository, '.tmp')
  await mkdir(scratch, { recursive: true })
  const workspace = await createWorkspace(application, scratch)
  for (const name of ['next', 'react', 'react-dom']) {
    const installed = join(repository, 'actions', 'bundle-size-gate', 'node_modules', name)
    await symlink(installed, join(workspace.path, 'node_modules', name))
  }
  // Whatever it keeps for its user goes away with the workspace; the variables of the tests are not for it.
  const environment = { PATH: process.env.PATH, HOME: workspace.runnerTemp, NEXT_TELEMETRY_DISABLED: '1', CI: '1' }
  return {
    workspace,
    async build(bundler, words) {
      await workspace.write({ 'node_modules/words/index.js': dependency(words) })
      await run(process.execPath, [next, 'build', `--${bundler}`], { cwd: workspace.path, env: environment })
    },
    async visit() {
      const args = [next, 'start', '--hostname', '127.0.0.1', '--port', '0']
      const server = spawn(process.execPath, args, {
        cwd: workspace.path,
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      })
      try {
        return await visitPages(await addressOf(server), workspace.path)
      } finally {
        const ended = once(server, 'exit')
        process.kill(-(server.pid ?? 0), 'SIGKILL')
        await ended
      }
    },
    [Symbol.asyncDispose]: () => workspace[Symbol.asyncDispose](),
  }
}

async function addressOf(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('the output of next start is not read')
  let address: string | undefined
  for await (const line of createInterface(server.stdout)) {
    address ??= /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
    if (address !== undefined && /Ready/.test(line)) return address
  }
  throw new Error('next start ended before it was ready')
}

async function visitPages(address: string, folder: string): Promise<Map<string, Map<string, number>>> {
  const loaded = new Map<string, Map<string, number>>()
  for (const [route, path] of Object.entries(PAGES)) {
    const html = await (await fetch(`${address}${path}`)).text()
    // Polyfills for browsers of old are not counted.
    const tags = [...html.matchAll(/<script\b[^>]*>/gi)].map(([tag]) => tag).filter((tag) => !/nomodule/i.test(tag))
    const scripts = tags.flatMap((tag) => /\/_next\/(static\/[^"?]+)/.exec(tag)?.[1] ?? []).map(decodeURIComponent)
    // The pages router's lists of its own pages are loaded after the first load, and its manifests leave them out.
    const counted = [...new Set(scripts)].filter((script) => !/\/_\w+Manifest\.js$/.test(script)).sort()
    const sizes = counted.map(async (script) => [script, (await stat(join(folder, '.next', script))).size] as const)
    loaded.set(route, new Map(await Promise.all(sizes)))
  }
  return loaded
}
