/** Pure functions from data to GitHub-flavoured Markdown. Text from outside goes through `escapeMarkdown` or `code`. */

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '@': '&#64;' }

/** Text as text: nothing in it becomes Markdown, HTML, a mention or a link. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replaceAll(/[\r\n]\s*/g, ' ')
      .replaceAll(/[<>&@]/g, (character) => ENTITIES[character] ?? character)
      // ( ) { } + and ! mean something only next to one of these, and where mail shows the text backslashes are noise.
      .replaceAll(/(?<!&)#|^\+(?= )|[\\`*_[\]|~$]/g, '\\$&')
  )
}

/** Inline code; safe in a table cell, whatever the text holds. */
export function code(text: string): string {
  const flat = text.replaceAll(/[\r\n]+/g, ' ').replaceAll('|', '\\|')
  if (flat === '') return ''
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = flat.startsWith('`') || flat.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${flat}${pad}${fence}`
}

/** A fenced block; the fence is longer than any in the text. */
export function codeBlock(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}

/** Cells are Markdown already: escape them before. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A fold that is closed at first. */
export function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`
}

/** Blocks with a blank line between; empty ones are left out. */
export function blocks(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n')
}
