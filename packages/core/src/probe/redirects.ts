import { shorten } from '../excerpt.ts'
import type { Head } from './exchange.ts'
import { ProbeError } from './probe-error.ts'
import { endpointOf } from './target.ts'

/** `safe` follows to the same host and path only; see {@link isSafe}. */
export type RedirectPolicy = 'safe' | 'all' | 'none'

/** The others, such as 300, leave it to a person to choose (RFC 9110, section 15.4). */
const FOLLOWED = [301, 302, 303, 307, 308]

/** Whether an answer points to another page; 304 is about the page that was asked for. */
export function isRedirect({ status, headers }: Head): boolean {
  return status >= 300 && status < 400 && status !== 304 && headers.location !== undefined
}

/**
 * The URL to ask next, after a redirect.
 *
 * @throws {ProbeError} `redirect`, naming the Location, when the policy or the limit does not let it be followed
 */
export function nextUrl(
  from: URL,
  { status, headers: { location = '' } }: Head,
  policy: { followRedirects: RedirectPolicy; maxRedirects: number; followed: number },
): URL {
  const refuse = (why: string): ProbeError =>
    new ProbeError('redirect', `Redirected to ${shorten(location, 1000)}, ${why}`)
  if (policy.followRedirects === 'none') throw refuse('and follow-redirects is none')
  if (!FOLLOWED.includes(status)) throw refuse(`with ${status}; 301, 302, 303, 307 and 308 alone are followed`)
  if (!URL.canParse(location, from.href)) throw refuse('which is not a valid URL')
  const to = new URL(location, from)
  // A WebSocket handshake is redirected with HTTP's schemes (RFC 6455, section 4.1).
  if (/^ws/.test(from.protocol) && /^http/.test(to.protocol)) to.protocol = to.protocol.replace('http', 'ws')
  if (!/^(http|ws)s?:$/.test(to.protocol)) throw refuse(`whose scheme ${to.protocol.slice(0, -1)} cannot be probed`)
  if (policy.followRedirects === 'safe' && !isSafe(from, to)) {
    throw refuse(`which is another ${differenceOf(from, to)}; follow-redirects: safe stays with the host and path`)
  }
  if (policy.followed >= policy.maxRedirects) throw refuse(`after ${policy.followed} redirects (max-redirects)`)
  return to
}

/** The same host and path, but for a trailing slash, the query and the step from http to https. */
function isSafe(from: URL, to: URL): boolean {
  return isSameHost(from, to) && withoutSlash(from.pathname) === withoutSlash(to.pathname)
}

/** The same name and port; from http to https the port may change. */
export function isSameHost(from: URL, to: URL): boolean {
  if (from.hostname !== to.hostname) return false
  if (from.protocol === to.protocol) return endpointOf(from).port === endpointOf(to).port
  return to.protocol === from.protocol.replace(/^(http|ws):$/, '$1s:')
}

function differenceOf(from: URL, to: URL): string {
  if (from.hostname !== to.hostname) return 'host'
  return isSameHost(from, to) ? 'path' : 'port or scheme'
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '')
}
