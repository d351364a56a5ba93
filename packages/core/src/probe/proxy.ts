import { BlockList, isIP } from 'node:net'
import { ProbeError } from './probe-error.ts'
import { type Endpoint, endpointOf, isSecure } from './target.ts'

/** An HTTP proxy, from the job's environment. */
export interface HttpProxy {
  readonly endpoint: Endpoint
  /** `Proxy-Authorization`, when its URL has credentials. */
  readonly headers: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy for a URL: HTTPS_PROXY for https and wss, HTTP_PROXY for http and ws, unless NO_PROXY names the host.
 * Names in lower case win, as in curl.
 *
 * @throws {ProbeError} `connect` when the variable's value cannot be used
 */
export function proxyFor(url: URL, endpoint: Endpoint, environment: Environment): HttpProxy | undefined {
  const name = isSecure(url) ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const given = variable(name, environment)
  if (given === '' || isExempt(endpoint, variable('NO_PROXY', environment))) return undefined
  const proxy = parseProxy(given)
  if (proxy?.protocol !== 'http:') {
    throw new ProbeError('connect', `${name} is set to something other than http://host:port, which cannot be used`)
  }
  const credentials = credentialsOf(proxy)
  const headers: Record<string, string> = credentials ? { 'Proxy-Authorization': `Basic ${credentials.encoded}` } : {}
  return { endpoint: endpointOf(proxy), headers }
}

/** What must not be shown of the proxies: their passwords, also as they are sent. */
export function proxySecrets(environment: Environment): string[] {
  const proxies = ['HTTPS_PROXY', 'HTTP_PROXY'].map((name) => parseProxy(variable(name, environment)))
  return proxies.flatMap((proxy) => {
    const credentials = proxy && credentialsOf(proxy)
    return credentials ? [credentials.password, credentials.encoded] : []
  })
}

function parseProxy(given: string): URL | undefined {
  const text = given.includes('://') ? given : `http://${given}`
  return URL.canParse(text) ? new URL(text) : undefined
}

/** `encoded` is what Basic sends of both (RFC 7617). */
function credentialsOf(proxy: URL): { password: string; encoded: string } | undefined {
  if (proxy.username === '' && proxy.password === '') return undefined
  const [user, password] = [decode(proxy.username), decode(proxy.password)]
  return { password, encoded: Buffer.from(`${user}:${password}`).toString('base64') }
}

/** A percent sign that begins no encoded character is one, as in curl. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function variable(name: string, environment: Environment): string {
  return (environment[name.toLowerCase()] || environment[name] || '').trim()
}

/** A host, a domain with everything below it, an address or a network; with or without a port; `*` is everything. */
function isExempt({ host, port }: Endpoint, noProxy: string): boolean {
  const entries = noProxy.split(/[\s,]+/).filter((entry) => entry !== '')
  return entries.some((entry) => {
    if (entry === '*') return true
    const [, name = entry, onlyPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? []
    if (onlyPort !== undefined && Number(onlyPort) !== port) return false
    if (isIP(host) !== 0) return isWithin(host, name)
    const domain = name.replace(/^\*?\./, '').toLowerCase()
    return host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`)
  })
}

function isWithin(address: string, network: string): boolean {
  const [base = '', prefix] = network.replace(/^\[|\]$/g, '').split('/')
  const family = isIP(base)
  if (family === 0 || family !== isIP(address)) return false
  if (prefix === undefined) return base === address
  const type = family === 6 ? 'ipv6' : 'ipv4'
  const bits = Number(prefix)
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32)) return false
  const list = new BlockList()
  list.addSubnet(base, bits, type)
  return list.check(address, type)
}
