const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/

/**
 * Milliseconds that a server asks to wait: a number of seconds or a date.
 * Something else, and a date in the past, is no wait.
 *
 * @see RFC 9110, sections 10.2.3 and 5.6.7
 */
export function parseRetryAfter(header: string | undefined, now: Date): number {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  // The oldest of the three forms names no zone, and Node would take it for the runner's.
  const atMs = DATE.test(text) ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - now.getTime())
}
