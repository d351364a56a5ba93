/**
 * `npx --yes pnpm@12 tables` writes what the pages take from the sources: the READMEs' tables of inputs and outputs, the
 * list of actions, and the messages. With `--check` it changes nothing and fails when a page differs.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ActionFile, readActionFile } from './action-file.ts'
import { actionFolder, listActions, repositoryFolder } from './action-folder.ts'
import { collectMessages, renderMessages } from './messages.ts'

/** Generated text by the name of its markers: `<!-- name -->` and `<!-- /name -->`, each on a line of its own. */
export type Sections = Readonly<Record<string, string>>

/** The sections of an action's README. */
export function renderTables(file: ActionFile): Sections {
  const inputs = Object.entries(file.inputs).map(([name, { description, required, default: value }]) => {
    const shown = required ? '**required**' : value ? `\`${cell(value)}\`` : ''
    return `| \`${name}\` | ${shown} | ${cell(description)} |`
  })
  const outputs = Object.entries(file.outputs).map(([name, output]) => `| \`${name}\` | ${cell(output.description)} |`)
  return {
    inputs: ['| Input | Default | Meaning |', '|---|---|---|', ...inputs].join('\n'),
    outputs: ['| Output | Meaning |', '|---|---|', ...outputs].join('\n'),
  }
}

/** A table with one row for each action. @param link gives the address of an action's README */
export async function renderActionList(actions: readonly string[], link: (action: string) => string): Promise<string> {
  const lines = actions.map(async (action) => {
    const { description } = await readActionFile(join(actionFolder(action), 'action.yml'))
    return `| [${action}](${link(action)}) | ${cell(description).replace(/\.?$/, '.')} |`
  })
  return ['| Action | What it does |', '|---|---|', ...(await Promise.all(lines))].join('\n')
}

/** Puts sections between their markers. @throws Error naming the first marker that is not there exactly once */
export function fillSections(text: string, sections: Sections): string {
  return Object.entries(sections).reduce((filled, [name, content]) => {
    const section = new RegExp(`^<!-- ${name} -->$[^]*?^<!-- /${name} -->$`, 'gm')
    const count = filled.match(section)?.length ?? 0
    if (count !== 1) throw new Error(`needs <!-- ${name} --> and <!-- /${name} --> exactly once, each on its own line`)
    return filled.replace(section, () => `<!-- ${name} -->\n${content}\n<!-- /${name} -->`)
  }, text)
}

/** A cell holds one line, and a bar would end it, also inside code. */
function cell(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
}

async function main(): Promise<void> {
  const check = process.argv.includes('--check')
  const { written } = await listActions()
  const list = await renderActionList(written, (action) => `actions/${action}/README.md`)
  const errors = await readFile(join(repositoryFolder, 'packages/core/src/errors.ts'), 'utf8')
  const differing = [
    await updatePage('README.md', { actions: list }, check),
    await updatePage('docs/messages.md', { messages: renderMessages(await collectMessages(), errors) }, check),
  ]
  for (const action of written) {
    const sections = renderTables(await readActionFile(join(actionFolder(action), 'action.yml')))
    differing.push(await updatePage(`actions/${action}/README.md`, sections, check))
  }
  const paths = differing.filter((path) => path !== undefined)
  if (paths.length === 0) console.log('Every generated table agrees with the sources.')
  else if (!check) console.log(`Written: ${paths.join(', ')}`)
  else throw new Error(`Not what the sources say: ${paths.join(', ')}. Run "npx --yes pnpm@12 tables" and commit them.`)
}

/** Gives the path if the file was not up to date. */
async function updatePage(path: string, sections: Sections, check: boolean): Promise<string | undefined> {
  const file = join(repositoryFolder, path)
  try {
    const text = await readFile(file, 'utf8')
    const filled = fillSections(text, sections)
    if (filled === text) return undefined
    if (!check) await writeFile(file, filled)
    return path
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

if (import.meta.main) await main()
