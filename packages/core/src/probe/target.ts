import { isIP } from 'node:net'

export type Scheme = 'http' | 'https' | 'ws' | 'wss' | 'tcp'

/** Something to probe. */
export interface Target {
  /** As the user wrote it. */
  readonly text: string
  readonly scheme: Scheme
  readonly url: URL
}

const SCHEMES: readonly Scheme[] = ['http', 'https', 'ws', 'wss', 'tcp']

/**
 * Reads a target: `http(s)://`, `ws(s)://` or `tcp://host:port`.
 *
 * @throws {RangeError} with a message that follows the name of the input
 */
export function parseTarget(given: string): Target {
  const text = given.trim()
  const shown = withoutCredentials(text)
  if (/\s/.test(text))
    throw new RangeError(`'${shown}' has a blank in it; write one target a line, and %20 for a blank`)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) throw new RangeError(`'${shown}' has no scheme; write ${withScheme(shown)}`)
  if (!isScheme(scheme)) {
    throw new RangeError(`'${shown}' has the unknown scheme '${scheme}'; targets are http, https, ws, wss and tcp`)
  }
  // URL would take the path's first part for the host.
  if (/^[^/]*:\/\/[/\\]/.test(text)) throw new RangeError(`'${shown}' has no host`)
  if (!URL.canParse(text)) {
    const hint = text.includes(',') ? '; write one target a line' : ''
    throw new RangeError(`'${shown}' is not a valid URL${hint}`)
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new RangeError(`'${shown}' has credentials in it; give them as basic-auth`)
  }
  if (url.hostname === '') throw new RangeError(`'${shown}' has no host`)
  if (url.port === '0') throw new RangeError(`'${shown}' has port 0, which nothing can listen on`)
  if (url.hash !== '') throw new RangeError(`'${shown}' has a fragment (${url.hash}), which is never sent to a server`)
  if (scheme === 'tcp') {
    checkTcp(url, shown)
    url.hostname = plainHost(url, shown)
  }
  return { text, scheme, url }
}

function withScheme(text: string): string {
  const [, known, rest = ''] = /^(https?|wss?|tcp):[/\\]*(.*)$/i.exec(text) ?? []
  if (known !== undefined) return `${known.toLowerCase()}://${rest}`
  const scheme = /^\W*(localhost|127\.|\[::1\])/.test(text) ? 'http' : 'https'
  return `${scheme}://${text.replace(/^\/+/, '')}`
}

function checkTcp(url: URL, shown: string): void {
  if (url.port === '') throw new RangeError(`'${shown}' has no port; write tcp://host:port`)
  if (!['', '/'].includes(url.pathname) || url.search !== '') {
    throw new RangeError(`'${shown}' has a path, which tcp does not know; write tcp://host:port`)
  }
}

/** URL leaves the host of a scheme that it does not know as it is; DNS needs what it makes of an http URL's. */
function plainHost({ hostname }: URL, shown: string): string {
  const likeHttp = `http://${hostname}/`
  if (!URL.canParse(likeHttp)) throw new RangeError(`'${shown}' is not a valid URL`)
  return new URL(likeHttp).hostname
}

function isScheme(scheme: string): scheme is Scheme {
  return (SCHEMES as readonly string[]).includes(scheme)
}

function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#\s]*@/i, '$1***@')
}

/** A host and port to connect to. `host` is a name or an address without brackets. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'ws:': 80, 'https:': 443, 'wss:': 443 }

export function endpointOf(url: URL): Endpoint {
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port }
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Reads `host:port` or `[::1]:port`.
 *
 * @throws {RangeError} with a message that follows the name of the input
 */
export function parseEndpoint(given: string): Endpoint {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/i.exec(given.trim())
  const [, v6, name, port] = match ?? []
  const host = v6 ?? name
  if (host === undefined || (v6 !== undefined && isIP(v6) !== 6)) {
    throw new RangeError(
      `'${given}' is not of the form host:port; an IPv6 address stands in brackets, such as [::1]:8443`,
    )
  }
  if (Number(port) < 1 || Number(port) > 65_535) throw new RangeError(`'${given}' has a port outside 1 to 65535`)
  return { host, port: Number(port) }
}

/** TLS below the request. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'wss:'
}

export function isWebSocket(url: URL): boolean {
  return url.protocol === 'ws:' || url.protocol === 'wss:'
}
