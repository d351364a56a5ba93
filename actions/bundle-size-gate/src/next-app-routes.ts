import * as v from 'valibot'
import type { NextBuild } from './next-build.ts'

const filesByKey = v.object({ pages: v.record(v.string(), v.array(v.string())) })
const pathsSchema = v.record(v.string(), v.string())

/**
 * Routes of the app router from whatever this version of Next.js wrote about them: app-build-manifest.json (13 to 15),
 * the client reference manifest of each page, and the scripts of prerendered HTML.
 *
 * @throws {ActionError} that names the version when there are pages, but nothing says what they load
 */
export async function readAppRoutes(build: NextBuild, rootFiles: readonly string[]): Promise<Map<string, string[]>> {
  const appManifest = (await build.readManifest('app-build-manifest.json', filesByKey))?.pages
  const paths =
    (await build.readManifest('server/app-paths-manifest.json', pathsSchema)) ??
    (await build.readManifest('app-path-routes-manifest.json', pathsSchema)) ??
    appManifest ??
    {}
  const routes = new Map<string, string[]>()
  for (const key of Object.keys(paths)) {
    const route = routeOf(key)
    if (route === undefined) continue
    const files = await readPage(build, key, route, appManifest)
    if (!files) throw await build.unknown(`nothing in it says which JavaScript the route ${route} loads`)
    routes.set(route, [...(routes.get(route) ?? rootFiles), ...files])
  }
  return routes
}

/** `/(shop)/cart/page` is the route `/cart`: groups and parallel slots are not part of it. Route handlers load nothing. */
function routeOf(key: string): string | undefined {
  if (!key.endsWith('/page')) return undefined
  const segments = key.split('/').slice(1, -1)
  if (segments[0] === '_global-error') return undefined
  return `/${segments.filter((segment) => !/^(\([^.)]+\)|@.*)$/.test(segment)).join('/')}`
}

async function readPage(
  build: NextBuild,
  key: string,
  route: string,
  appManifest: Readonly<Record<string, readonly string[]>> | undefined,
): Promise<string[] | undefined> {
  const own = appManifest?.[key]
  const references = await readReferences(build, key)
  const html = await build.readText(`server/app${route === '/' ? '/index' : route}.html`)
  if (!own && !references && html === undefined) return undefined
  const layouts = references || !appManifest ? [] : ancestorKeys(key).flatMap((ancestor) => appManifest[ancestor] ?? [])
  return [...(own ?? []), ...layouts, ...(references ?? []), ...(html === undefined ? [] : scriptsOf(html))]
}

/** Files of a route that may be client code or have some below them, by Next.js's conventions. */
const FILES = ['layout', 'template', 'error', 'loading', 'not-found', 'forbidden', 'unauthorized', 'default']

/** `''`, `/blog` and `/blog/[slug]` for `/blog/[slug]/page`. */
function ancestorFolders(key: string): string[] {
  const segments = key.split('/').slice(0, -1)
  return segments.map((_, at) => segments.slice(0, at + 1).join('/'))
}

function ancestorKeys(key: string): string[] {
  return ancestorFolders(key).flatMap((folder) => FILES.map((file) => `${folder}/${file}`))
}

const referencesSchema = v.object({
  /** Turbopack: the scripts of each file of the route. */
  entryJSFiles: v.optional(v.record(v.string(), v.array(v.string()))),
  /** webpack: the client modules of this and other routes; `chunks` are ids and files by turns. */
  clientModules: v.optional(v.record(v.string(), v.object({ chunks: v.array(v.union([v.string(), v.number()])) })), {}),
})

async function readReferences(build: NextBuild, key: string): Promise<string[] | undefined> {
  const text = await build.readText(`server/app${key}_client-reference-manifest.js`)
  const json = text === undefined ? undefined : /__RSC_MANIFEST\["[^\n]*?"\]\s*=\s*(\{[\s\S]*\});?\s*$/.exec(text)?.[1]
  if (json === undefined) return undefined
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), referencesSchema), json)
  if (!result.success) return undefined
  const { entryJSFiles, clientModules } = result.output
  if (entryJSFiles) return Object.values(entryJSFiles).flat()
  return Object.values(clientModules).flatMap(({ chunks }) => {
    const files = chunks
      .filter((chunk) => typeof chunk === 'string' && chunk.endsWith('.js'))
      .map((file) => decode(String(file)))
    return files.some((file) => isFileOfRoute(file, key)) ? files : []
  })
}

/** Whether webpack named the chunk after the page, or after a layout or the like around it. */
function isFileOfRoute(chunk: string, key: string): boolean {
  const [, folder = '', file = ''] = /^static\/chunks\/app(.*)\/([\w-]+)-[^/-]+\.js$/.exec(chunk) ?? []
  const folders = ancestorFolders(key)
  return file === 'page' ? folder === folders.at(-1) : FILES.includes(file) && folders.includes(folder)
}

/** Scripts of Next.js in a page; `noModule` ones are polyfills for browsers of old. */
function scriptsOf(html: string): string[] {
  return [...html.matchAll(/<script\b([^>]*)>/gi)].flatMap(([, attributes = '']) => {
    const source = /\bsrc="[^"]*?\/_next\/(static\/[^"?]+)/.exec(attributes)?.[1]
    return source === undefined || /\bnomodule\b/i.test(attributes) ? [] : [decode(source)]
  })
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
