import { escapeMarkdown } from './markdown.ts'

/** What is shorter stands everywhere by chance. */
const LEAST_CHARACTERS = 4

/** Replaces every secret in a text. GitHub masks the log alone; outputs, summaries and annotations are ours to keep clean. */
export class Redaction {
  readonly #secrets = new Set<string>()

  /**
   * A secret, and each line of it that is long enough to be one by itself (as GitHub's runner does).
   * Returns what the runner is to mask; it knows the writings of a secret by itself.
   */
  add(secret: string): readonly string[] {
    const lines = secret.split(/\r?\n/).filter((line) => line.trim().length >= LEAST_CHARACTERS)
    const forms = new Set([secret, ...lines].map((form) => form.trim()).filter((form) => form !== ''))
    for (const form of forms) for (const writing of writingsOf(form)) this.#secrets.add(writing)
    return [...forms]
  }

  apply(text: string): string {
    let clean = text
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length)
    for (const secret of secrets) clean = clean.replaceAll(secret, '***')
    return clean.includes('…') ? withoutBeginnings(clean, secrets) : clean
  }
}

/** How a text stands in JSON and in a URL, and each of these in Markdown. */
function writingsOf(text: string): string[] {
  const url = new URL('http://localhost')
  url.search = `?${text}`
  const plain = [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text.toWellFormed()), url.search.slice(1)]
  return plain.flatMap((writing) => [writing, escapeMarkdown(writing), writing.replaceAll('|', '\\|')])
}

/** A text that was shortened may end, before its ellipsis, in the beginning of a secret. */
function withoutBeginnings(text: string, secrets: readonly string[]): string {
  const parts = text.split('…')
  const last = parts.pop() ?? ''
  const clean = parts.map((part) => {
    const longest = Math.max(0, ...secrets.map((secret) => sharedLength(part, secret)))
    return longest === 0 ? part : `${part.slice(0, -longest)}***`
  })
  return [...clean, last].join('…')
}

/** How many characters of the secret's beginning the text ends in. */
function sharedLength(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length); length >= LEAST_CHARACTERS; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return length
  }
  return 0
}
