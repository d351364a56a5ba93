/**
 * Milliseconds that a server asks to wait: a number of seconds or a date.
 * Something else, and a date in the past, is no wait.
 *
 * @see RFC 9110, section 10.2.3
 */
export function parseRetryAfter(header: string | undefined, now: Date): number {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const atMs = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - now.getTime())
}
