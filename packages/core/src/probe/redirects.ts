import { ProbeError } from './probe-error.ts'
import { endpointOf } from './target.ts'

/** `safe` follows to the same host and path only; see {@link isSafe}. */
export type RedirectPolicy = 'safe' | 'all' | 'none'

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Where an answer points to, if it is a redirect at all. */
export function redirectOf(status: number, location: string | undefined): string | undefined {
  return REDIRECTS.has(status) ? location : undefined
}

/**
 * The URL to ask next.
 *
 * @throws {ProbeError} `redirect`, naming the Location, when the policy or the limit does not let it be followed
 */
export function nextUrl(
  from: URL,
  location: string,
  policy: { followRedirects: RedirectPolicy; maxRedirects: number; followed: number },
): URL {
  const refuse = (why: string): ProbeError => new ProbeError('redirect', `Redirected to ${location}, ${why}`)
  if (policy.followRedirects === 'none') throw refuse('and follow-redirects is none')
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
