import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import GithubSlugger from 'github-slugger'
import { marked, type Token } from 'marked'

export const repository = fileURLToPath(new URL('../../../../', import.meta.url))

/** A Markdown file of the repository, as far as its tests look at it. */
export interface Page {
  /** From the repository's root, with forward slashes. */
  readonly path: string
  readonly snippets: readonly Snippet[]
  /** Addresses of links and pictures, as written. */
  readonly links: readonly string[]
  /** What GitHub makes of the headings: what stands after `#` in a link. */
  readonly anchors: ReadonlySet<string>
}

export interface Snippet {
  /** `docs/health-check.md:67`, the line of the fence. */
  readonly place: string
  readonly language: string
  readonly text: string
}

/** Every page that is for people. */
export function listPages(): Promise<readonly Page[]> {
  const patterns = ['*.md', 'docs/**/*.md', 'actions/*/README.md', 'packages/*/README.md', '.changes/README.md']
  const paths = globSync(patterns, { cwd: repository }).map((path) => path.replaceAll('\\', '/'))
  return Promise.all(
    paths.toSorted().map(async (path) => readPage(path, await readFile(join(repository, path), 'utf8'))),
  )
}

/** Reads Markdown as GitHub does. */
export function readPage(path: string, text: string): Page {
  const snippets: Snippet[] = []
  const links: string[] = []
  const anchors = new Set<string>()
  const slugger = new GithubSlugger()
  let read = 0
  void marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === 'heading') anchors.add(slugger.slug(textOf(token)))
    if (token.type === 'link' || token.type === 'image') links.push(token.href)
    if (token.type !== 'code') return
    const language: string = token.lang ?? ''
    const opening = `\`\`\`${language}\n${token.text.split('\n')[0]}`
    read = text.indexOf(opening, read) + opening.length
    snippets.push({ place: `${path}:${text.slice(0, read).split('\n').length - 1}`, language, text: token.text })
  })
  return { path, snippets, links, anchors }
}

function textOf(token: Token): string {
  if ('tokens' in token && token.tokens !== undefined) return token.tokens.map(textOf).join('')
  return 'text' in token ? token.text : ''
}
