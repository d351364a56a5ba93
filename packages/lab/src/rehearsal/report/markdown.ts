import { Marked } from 'marked'
import sanitizeHtml from 'sanitize-html'
import { escapeHtml } from './html.ts'

/** GitHub draws these; here they would be a program that the reader has to run in the head. */
const renderer = {
  code({ lang, text }: { readonly lang?: string | undefined; readonly text: string }): string | false {
    if (lang !== 'mermaid') return false
    return `<details><summary>A chart, which GitHub draws</summary><pre>${escapeHtml(text)}</pre></details>`
  },
}

const marked = new Marked({ gfm: true, renderer })

/** A job summary's Markdown as HTML, with what GitHub allows in it and nothing that runs or loads. */
export function renderMarkdown(markdown: string): string {
  const html = marked.parse(markdown, { async: false })
  return sanitizeHtml(html, {
    allowedTags: [...sanitizeHtml.defaults.allowedTags, 'details', 'summary', 'del', 'ins'],
    allowedAttributes: { a: ['href'], code: ['class'], th: ['align'], td: ['align'] },
    allowedSchemes: ['https', 'http'],
  })
}
