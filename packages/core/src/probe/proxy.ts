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
  const text = given.includes('://') ? given : `http://${given}`
  if (!URL.canParse(text) || !text.startsWith('http://')) {
    throw new ProbeError('connect', `${name} is set to something other than http://host:port, which cannot be used`)
  }
  const proxy = new URL(text)
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  const headers: Record<string, string> =
    proxy.username === '' ? {} : { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
  return { endpoint: endpointOf(proxy), headers }
}

function variable(name: string, environment: Environment): string {
  return (environment[name.toLowerCase()] || environment[name] || '').trim()
}

/** A host, a domain with everything below it, an address or a network; with or without a port; `*` is everything. */
function isExempt({ host, port }: Endpoint, noProxy: string): boolean {
  const entries = noProxy.split(/[\s,]+/).filter((entry) => entry !== '')
  return entries.some((entry) => {
    if (entry === '*') return true
    const [, name = entry, onlyPort] = /^(.*[^:]):(\d+)$/.exec(entry.includes('::') ? '' : entry) ?? []
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
