import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { AwsError } from '../service.ts'

export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Everything below a path that is no AWS API: GitHub, the runner's OIDC endpoint, the lab's own routes. */
export interface HttpRoute {
  /** For example `/github`; the handler sees the path after it. */
  readonly prefix: string
  /** Names a request in the journal and for faults; without it, neither sees the route's requests. */
  describe?(request: HttpRequest): RouteDescription
  handle(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>
  /** How this route words a fault's error; default: its status and message as JSON. */
  refuse?(error: AwsError): HttpAnswer
}

export interface RouteDescription {
  readonly service: string
  readonly operation: string
  readonly caller: string
  readonly input: unknown
}

export async function readRequest(message: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const url = new URL(message.url ?? '/', 'http://lab')
  return {
    method: message.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: message.headers,
    body: decode(Buffer.concat(chunks), message.headers['content-encoding'] ?? ''),
  }
}

/** SDKs compress the bodies of some operations. */
function decode(body: Buffer, encoding: string): Buffer {
  if (encoding.includes('gzip')) return gunzipSync(body)
  if (encoding.includes('deflate')) return inflateSync(body)
  if (encoding.includes('br')) return brotliDecompressSync(body)
  return body
}

export function jsonBody(status: number, value: unknown): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) }
}
