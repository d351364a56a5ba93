import { request as sendRequest } from 'node:http'
import type { Socket } from 'node:net'
import { openTcp, type Probing } from './connection.ts'
import { codeOf, ProbeError } from './probe-error.ts'
import type { HttpProxy } from './proxy.ts'
import { isSameHost } from './redirects.ts'
import type { RequestOptions } from './request.ts'
import { secure, type Trust } from './secure-connection.ts'
import { type Endpoint, endpointOf, formatEndpoint, isSecure, isWebSocket, type Target } from './target.ts'

/** An open connection to who answers for a URL. */
export interface Route {
  readonly socket: Socket
  /** Set when requests have to name the whole URL, because a proxy answers them. */
  readonly proxy?: HttpProxy
}

/** Connects to a URL's server: directly, to the address that stands in for it, or through a proxy. */
export async function openRoute(
  url: URL,
  target: Target,
  options: RequestOptions,
  trust: Trust,
  probing: Probing,
): Promise<Route> {
  const own = endpointOf(url)
  const standIn = isSameHost(target.url, url) ? options.connectTo : undefined
  const endpoint = standIn ?? own
  const proxy = await findProxy(url, endpoint, probing.environment)
  if (proxy) probing.trace.proxy = formatEndpoint(proxy.endpoint)
  const raw = await openTcp(proxy?.endpoint ?? endpoint, probing)
  const tunnels = proxy && (isSecure(url) || isWebSocket(url) || standIn !== undefined)
  if (tunnels) await openTunnel(raw, endpoint, proxy, probing)
  const socket = isSecure(url) ? await secure(raw, own.host, trust, probing) : raw
  return { socket, ...(proxy && !tunnels && { proxy }) }
}

/** Asked before proxy.ts is loaded, which most jobs have no use for. */
export function mayHaveProxy(environment: Probing['environment']): boolean {
  return Object.keys(environment).some((name) => /^https?_proxy$/i.test(name) && environment[name] !== '')
}

async function findProxy(url: URL, endpoint: Endpoint, environment: Probing['environment']) {
  if (!mayHaveProxy(environment)) return undefined
  const { proxyFor } = await import('./proxy.ts')
  return proxyFor(url, endpoint, environment)
}

/** RFC 9110, section 9.3.6. */
async function openTunnel(raw: Socket, endpoint: Endpoint, proxy: HttpProxy, probing: Probing): Promise<void> {
  const to = formatEndpoint(endpoint)
  const via = `The proxy ${formatEndpoint(proxy.endpoint)}`
  const outgoing = sendRequest({
    createConnection: () => raw,
    method: 'CONNECT',
    path: to,
    headers: { Host: to, ...proxy.headers },
  })
  const endAtOnce = (): void => void raw.destroy()
  probing.signal.addEventListener('abort', endAtOnce, { once: true })
  try {
    const status = await new Promise<number>((resolve, reject) => {
      outgoing.once('connect', (answer) => resolve(answer.statusCode ?? 0))
      outgoing.once('error', (cause) => {
        reject(
          new ProbeError('connect', `${via} gave no tunnel to ${to} (${codeOf(cause) || cause.message})`, { cause }),
        )
      })
      outgoing.end()
    })
    if (status < 200 || status > 299) {
      throw new ProbeError('connect', `${via} refused a tunnel to ${to} with ${status}`, { code: String(status) })
    }
  } catch (error) {
    raw.destroy()
    throw error
  } finally {
    probing.signal.removeEventListener('abort', endAtOnce)
  }
}
