import { marked } from 'marked'
import sanitizeHtml from 'sanitize-html'

/** A job summary's Markdown as HTML, with what GitHub allows in it and nothing that runs or loads. */
export function renderMarkdown(markdown: string): string {
  const html = marked.parse(markdown, { async: false, gfm: true })
  return sanitizeHtml(html, {
    allowedTags: [...sanitizeHtml.defaults.allowedTags, 'details', 'summary', 'del', 'ins'],
    allowedAttributes: { a: ['href'], code: ['class'], th: ['align'], td: ['align'] },
    allowedSchemes: ['https', 'http'],
  })
}
