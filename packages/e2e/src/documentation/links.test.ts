import { existsSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { listPages, type Page, repository } from './page.ts'

const pages = await listPages()
const links = pages.flatMap((page) => page.links.map((link) => ({ page, path: page.path, link })))
const own = 'https://github.com/org/deploy-kit/blob/main/'

test.each(links.filter(({ link }) => isInternal(link)))('$path: $link leads somewhere', ({ page, link }) => {
  expect(problemOf(page, link)).toBeUndefined()
})

/** In a release, a README has nothing above its own folder but the other actions. */
test('the README of an action leads out of the release tree only by whole addresses', () => {
  const leading = links.filter(
    ({ path, link }) => path.startsWith('actions/') && isInternal(link) && !link.startsWith(own),
  )
  const out = leading.filter(
    ({ path, link }) => !/^actions\/[\w-]+\/(README\.md)?(#|$)/.test(resolve(path, link)) && !link.startsWith('#'),
  )
  expect(out.map(({ path, link }) => `${path}: ${link}`)).toEqual([])
})

test('every page of docs can be reached from the README', () => {
  const byPath = new Map(pages.map((page) => [page.path, page]))
  const reached = new Set(['README.md'])
  for (const path of reached) {
    for (const link of byPath.get(path)?.links ?? []) {
      const target = resolve(path, link).split('#')[0] ?? ''
      if (isInternal(link) && byPath.has(target)) reached.add(target)
    }
  }
  expect(pages.map(({ path }) => path).filter((path) => path.startsWith('docs/') && !reached.has(path))).toEqual([])
})

test('a link that leads nowhere is found out', () => {
  const page = { path: 'docs/health-check.md', snippets: [], links: [], anchors: new Set(['recipes']) }
  expect(problemOf(page, 'nowhere.md')).toBe('docs/nowhere.md is not there')
  expect(problemOf(page, '#recipe')).toBe('docs/health-check.md has no heading recipe')
  expect(problemOf(page, '#recipes')).toBeUndefined()
})

function isInternal(link: string): boolean {
  return link.startsWith(own) || !/^[a-z]+:/.test(link)
}

/** From the repository's root. */
function resolve(path: string, link: string): string {
  if (link.startsWith(own)) return link.slice(own.length)
  return link.startsWith('#') ? `${path}${link}` : posix.join(dirname(path), link)
}

function problemOf(page: Page, link: string): string | undefined {
  const [target = '', anchor] = resolve(page.path, link).split('#')
  if (!existsSync(join(repository, target))) return `${target} is not there`
  if (anchor === undefined) return undefined
  const anchors = target === page.path ? page.anchors : pages.find(({ path }) => path === target)?.anchors
  return anchors?.has(anchor) ? undefined : `${target} has no heading ${anchor}`
}
