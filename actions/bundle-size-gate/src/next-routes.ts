import { access } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { ActionError } from '@deploy-kit/core/errors'
import * as v from 'valibot'
import { readAppRoutes } from './next-app-routes.ts'
import { NextBuild } from './next-build.ts'

/** The JavaScript that a browser loads for a route before anything is clicked. */
export interface Route {
  /** `/blog/[slug]` */
  readonly name: string
  /** Chunks relative to the workspace; each once. */
  readonly chunks: readonly string[]
}

const statsSchema = v.array(v.object({ route: v.string(), firstLoadChunkPaths: v.array(v.string()) }))
const buildManifestSchema = v.object({
  pages: v.record(v.string(), v.array(v.string())),
  rootMainFiles: v.optional(v.array(v.string()), []),
})

/** Whether a folder is a finished build; `.next` may hold nothing but a cache. */
export async function isNextBuild(workspace: string, directory: string): Promise<boolean> {
  const build = new NextBuild(workspace, directory)
  const manifests = await Promise.all(['build-manifest.json', STATS].map((name) => build.readText(name)))
  return manifests.some((text) => text !== undefined)
}

/** Next.js 16.2 and newer write it when they build with Turbopack. */
const STATS = 'diagnostics/route-bundle-stats.json'

/**
 * The routes of a Next.js build, of the app and the pages router, built by webpack or Turbopack.
 *
 * Counted is what `next build` printed as "First Load JS" as long as it printed sizes: without polyfills, which
 * browsers of today do not run.
 *
 * @throws {ActionError} `wrong-state` for a folder that is no build, a manifest that is not known (the message names
 * the version of Next.js), and a listed chunk that is missing
 */
export async function readRoutes(workspace: string, directory: string): Promise<Route[]> {
  const build = new NextBuild(workspace, directory)
  const routes = (await readStats(build)) ?? (await readManifests(build))
  if (!routes) {
    throw new ActionError(
      'wrong-state',
      `${directory} has neither build-manifest.json nor ${STATS}: it is no build of Next.js.`,
      {
        advice: 'Run `next build` before this step or in build-command, and look at next-dir.',
      },
    )
  }
  if (routes.size === 0) throw await build.unknown('it lists no routes')
  const named = [...routes].map(([name, files]) => ({ name, chunks: toChunks(files, directory) }))
  await refuseMissing(named, workspace)
  return named.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function readStats(build: NextBuild): Promise<Map<string, string[]> | undefined> {
  const stats = await build.readManifest(STATS, statsSchema)
  if (!stats) return undefined
  const required = v.object({ config: v.object({ distDir: v.string() }) })
  const distDir = (await build.readManifest('required-server-files.json', required))?.config.distDir
  const prefixes = [distDir, posix.basename(build.directory)].flatMap((folder) => (folder ? [`${folder}/`] : []))
  const routes = new Map<string, string[]>()
  for (const { route, firstLoadChunkPaths } of stats) {
    const files = firstLoadChunkPaths.map((path) => {
      const prefix = prefixes.find((candidate) => path.startsWith(candidate)) ?? ''
      return path.slice(prefix.length)
    })
    routes.set(route, files)
  }
  return routes
}

async function readManifests(build: NextBuild): Promise<Map<string, string[]> | undefined> {
  const manifest = await build.readManifest('build-manifest.json', buildManifestSchema)
  if (!manifest) return undefined
  const routes = new Map<string, string[]>()
  const common = manifest.pages['/_app'] ?? []
  for (const [page, files] of Object.entries(manifest.pages)) {
    if (!['/_app', '/_error', '/_document'].includes(page)) routes.set(page, [...common, ...files])
  }
  for (const [route, files] of await readAppRoutes(build, manifest.rootMainFiles)) routes.set(route, files)
  return routes
}

function toChunks(files: readonly string[], directory: string): string[] {
  const scripts = files.filter((file) => file.endsWith('.js'))
  return [...new Set(scripts)].map((file) => posix.join(directory, file)).sort()
}

async function refuseMissing(routes: readonly Route[], workspace: string): Promise<void> {
  const missing: string[] = []
  for (const { name, chunks } of routes) {
    for (const chunk of chunks) {
      const there = await access(join(workspace, chunk)).then(
        () => true,
        () => false,
      )
      if (!there) missing.push(`${chunk} of ${name}`)
    }
  }
  if (missing.length === 0) return
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
  throw new ActionError(
    'wrong-state',
    `Chunks that Next.js lists are missing: ${missing.slice(0, 5).join(', ')}${more}.`,
    {
      advice: 'The build is not complete, or its files were moved before this step.',
    },
  )
}
