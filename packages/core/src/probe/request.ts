import type { Probing } from './connection.ts'
import { type Answer, exchange, type Head, type HttpRequest } from './exchange.ts'
import type { Expectations } from './expectations.ts'
import { expectsStatus } from './judgement.ts'
import { isRedirect, nextUrl, type RedirectPolicy } from './redirects.ts'
import { openRoute, type Route } from './route.ts'
import type { Trust } from './secure-connection.ts'
import { type Endpoint, isWebSocket, type Target } from './target.ts'
import { beginHop } from './trace.ts'

/** What is sent to a target, and how. */
export interface RequestOptions {
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: string
  /** The value of an Authorization header; sent to the target's own origin alone. */
  readonly authorization?: string
  readonly userAgent: string
  readonly followRedirects: RedirectPolicy
  readonly maxRedirects: number
  /** Connected to in place of the target's own host; Host and SNI stay the URL's. */
  readonly connectTo?: Endpoint
}

/** Asks an HTTP or WebSocket target, and follows redirects as far as the policy lets it. */
export async function requestTarget(
  target: Target,
  options: RequestOptions,
  expectations: Expectations,
  trust: Trust,
  probing: Probing,
): Promise<Answer> {
  let url = target.url
  let method = options.method
  for (let followed = 0; ; followed += 1) {
    beginHop(probing.trace, url.href)
    const route = await openRoute(url, target, options, trust, probing)
    try {
      const request = buildRequest(url, method, target, options)
      const asked = url
      // A redirect is followed, or refused, by its header; nobody reads the page below it.
      const isTheAnswer = async (head: Head): Promise<boolean> => !(await leadsOn(asked, head, expectations))
      const answer = isWebSocket(url)
        ? await shakeHands(route.socket, request, probing, isTheAnswer)
        : await exchange(route.socket, viaProxy(request, route, url), probing, isTheAnswer)
      if ((await isTheAnswer(answer)) || probing.signal.aborted) return answer
      probing.trace.phase = 'match'
      url = nextUrl(url, answer, { ...options, followed })
      probing.trace.redirects.push(url.href)
      method = methodAfter(answer.status, method)
    } finally {
      route.socket.destroy()
    }
  }
}

/** Whether an answer is a redirect, and not one that is expected. */
async function leadsOn(url: URL, head: Head, expectations: Expectations): Promise<boolean> {
  if (!isRedirect(head)) return false
  return isWebSocket(url) || !(await expectsStatus(head.status, expectations))
}

/** A proxy that is asked for a plain page gets its whole URL (RFC 9112, section 3.2.2). */
function viaProxy(request: HttpRequest, { proxy }: Route, url: URL): HttpRequest {
  if (!proxy) return request
  const path = `${url.origin}${request.path}`
  return { ...request, path, headers: { ...request.headers, ...proxy.headers } }
}

async function shakeHands(...handshake: Parameters<typeof exchange>): Promise<Answer> {
  // Brings node:crypto, which other targets do not need.
  const { upgrade } = await import('./web-socket.ts')
  return await upgrade(...handshake)
}

/** RFC 9110, section 15.4: 303 always becomes GET, and so does POST after 301 and 302 as in browsers. */
function methodAfter(status: number, method: string): string {
  if (status === 303) return method === 'HEAD' ? 'HEAD' : 'GET'
  return (status === 301 || status === 302) && method === 'POST' ? 'GET' : method
}

/** Headers that stay with the origin that they were meant for: its name, and what may be a secret (`X-Api-Key`). */
const OWN_ORIGIN_ONLY = /^(host|cookie)$|auth|token|key|secret|password|session|credential/i

function buildRequest(url: URL, method: string, target: Target, options: RequestOptions): HttpRequest {
  const ownOrigin = url.origin === target.url.origin
  const keepsBody = options.body !== undefined && method === options.method && !isWebSocket(url)
  const headers: Record<string, string> = {}
  const set = (name: string, value: string): void => {
    const existing = Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase())
    headers[existing ?? name] = value
  }
  set('Host', url.host)
  set('User-Agent', options.userAgent)
  set('Accept', '*/*')
  for (const [name, value] of options.headers) {
    if (!ownOrigin && OWN_ORIGIN_ONLY.test(name)) continue
    if (!keepsBody && name.toLowerCase().startsWith('content-')) continue
    set(name, value)
  }
  if (options.authorization !== undefined && ownOrigin) set('Authorization', options.authorization)
  if (keepsBody && options.body !== undefined) set('Content-Length', String(Buffer.byteLength(options.body)))
  set('Connection', 'close')
  return {
    method: isWebSocket(url) ? 'GET' : method,
    path: `${url.pathname}${url.search}`,
    headers,
    ...(keepsBody && { body: options.body }),
  }
}
