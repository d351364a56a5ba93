import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import { type Bump, bumps } from './version.ts'

/** One change as its author describes it to those who use the actions: a file `.changes/<name>.md`. */
export interface ChangeEntry {
  /** The file's name without `.md`; each release records the names of the entries that it has announced. */
  readonly name: string
  /** What it asks of the users of each action; the key is `deploy-kit` where it concerns all of them. */
  readonly bumps: Readonly<Record<string, Bump>>
  /** Markdown, without surrounding blank lines. */
  readonly text: string
}

export const changesFolder = '.changes'

/** An entry may concern the whole instead of single actions. */
const everything = 'deploy-kit'

/**
 * Parses an entry in the format of changesets: front matter `action: patch | minor | major`, then Markdown.
 *
 * @param name the file's name without `.md`
 * @param actions what the front matter may name, beside `deploy-kit`
 * @throws Error saying what is wrong with the file
 * @see https://github.com/changesets/changesets/blob/main/docs/adding-a-changeset.md
 */
export function parseChangeEntry(name: string, source: string, actions: readonly string[]): ChangeEntry {
  const wrong = (problem: string) => new Error(`${changesFolder}/${name}.md: ${problem}`)
  const match = /^---\r?\n(.*?)\r?\n---\r?\n(.*)$/s.exec(source)
  if (match === null) throw wrong(`it has to begin with front matter, such as\n---\n${actions[0]}: minor\n---`)
  const result = v.safeParse(v.record(v.picklist([everything, ...actions]), v.picklist(bumps)), parse(match[1] ?? ''))
  if (!result.success || Object.keys(result.output).length === 0)
    throw wrong(`its front matter has to map ${everything} or an action (${actions.join(', ')}) to ${bumps.join(', ')}`)
  const text = (match[2] ?? '').trim()
  if (text === '') throw wrong('it says nothing below its front matter')
  return { name, bumps: result.output as Record<string, Bump>, text }
}

/** The entries of a work tree by name; none when it has no such folder. Errors as {@link parseChangeEntry}. */
export async function readChangeEntries(root: string, actions: readonly string[]): Promise<readonly ChangeEntry[]> {
  const folder = join(root, changesFolder)
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const names = files.filter((file) => file.endsWith('.md') && file !== 'README.md').map((file) => file.slice(0, -3))
  names.sort()
  return Promise.all(
    names.map(async (name) => parseChangeEntry(name, await readFile(join(folder, `${name}.md`), 'utf8'), actions)),
  )
}

/** The most that any of the entries asks for; undefined without entries. */
export function largestBump(entries: readonly ChangeEntry[]): Bump | undefined {
  return bumps.findLast((bump) => entries.some((entry) => Object.values(entry.bumps).includes(bump)))
}

const headings: Readonly<Record<Bump, string>> = {
  major: '## Changes that workflows have to follow',
  minor: '## New',
  patch: '## Fixed',
}

/** The release notes in Markdown: the largest changes first, each with the actions that it concerns. */
export function renderNotes(entries: readonly ChangeEntry[]): string {
  const sections = bumps.toReversed().flatMap((bump) => {
    const items = entries.filter((entry) => largestBump([entry]) === bump).map(renderItem)
    return items.length === 0 ? [] : [`${headings[bump]}\n\n${items.join('\n')}`]
  })
  return sections.join('\n\n')
}

function renderItem({ bumps: concerned, text }: ChangeEntry): string {
  const actions = Object.keys(concerned).filter((action) => action !== everything)
  const subject = actions.length === 0 ? '' : `**${actions.join(', ')}**: `
  return `- ${subject}${text.replaceAll(/\r?\n/g, '\n  ').replaceAll(/^ +$/gm, '')}`
}
