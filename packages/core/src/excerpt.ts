/** The beginning of a text, with an ellipsis that also tells where a secret may have been cut in two (redaction.ts). */
export function shorten(text: string, mostCharacters: number): string {
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text
}
