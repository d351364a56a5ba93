import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Target } from './target.ts'

/** How long a target may take to answer, in real time: AWS's idle timeout. */
const idleTimeoutMs = 60_000

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Hands one request on to a target over a socket of its own. Sockets are not kept: an idle one to a target that stops
 * would fail the next request, and nobody could tell whether the target had seen it.
 */
export function forward(incoming: IncomingMessage, outgoing: ServerResponse, target: Target): void {
  const release = target.hold()
  const upstream = request({
    ...target.registration.address,
    method: incoming.method,
    path: incoming.url,
    headers: forwardedHeaders(incoming),
    agent: false,
    timeout: idleTimeoutMs,
  })
  upstream.on('response', (answer) => {
    answer.on('error', () => outgoing.destroy())
    outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
    answer.pipe(outgoing)
  })
  upstream.on('timeout', () => {
    refuse(outgoing, 504, 'Gateway Time-out')
    upstream.destroy()
  })
  // "The load balancer received a TCP RST from the target", or it closed the connection before it answered: 502.
  // It is not sent to another target: this one may have done what was asked. (Troubleshoot your Application Load
  // Balancers, HTTP 502)
  upstream.on('error', () => refuse(outgoing, 502, 'Bad Gateway'))
  outgoing.on('close', () => {
    release()
    upstream.destroy()
    // What is left of a body that the target did not wait for would stand before the client's next request.
    incoming.unpipe(upstream)
    incoming.resume()
  })
  incoming.on('error', () => upstream.destroy())
  incoming.pipe(upstream)
}

/** Hands a WebSocket on: bytes flow both ways until either side ends. */
export function forwardUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, target: Target): void {
  const release = target.hold()
  const headers = { ...forwardedHeaders(incoming), connection: 'Upgrade', upgrade: incoming.headers.upgrade }
  const upstream = request({ ...target.registration.address, path: incoming.url, headers, agent: false })
  upstream.on('upgrade', (answer, targetSocket, rest) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(answer.rawHeaders)}\r\n`)
    socket.write(rest)
    targetSocket.write(head)
    targetSocket.pipe(socket).pipe(targetSocket)
    targetSocket.on('error', () => socket.destroy())
    targetSocket.on('close', () => socket.destroy())
    socket.on('close', () => targetSocket.destroy())
  })
  upstream.on('response', (answer) => {
    socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nconnection: close\r\n`)
    socket.write(`${headerLines(endToEnd(answer.rawHeaders))}\r\n`)
    answer.pipe(socket)
  })
  upstream.on('error', () => socket.destroy())
  socket.on('error', () => upstream.destroy())
  socket.on('close', release)
  upstream.end()
}

/** An answer of the load balancer itself, as AWS words it. */
export function refuse(outgoing: ServerResponse, status: number, reason: string): void {
  if (outgoing.writableEnded) return
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  const title = `${status} ${reason}`
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`
  outgoing.writeHead(status, { server: 'awselb/2.0', 'content-type': 'text/html', 'content-length': body.length })
  outgoing.end(body)
}

function forwardedHeaders(incoming: IncomingMessage): Record<string, string | string[] | undefined> {
  const kept = Object.entries(incoming.headers).filter(([name]) => !hopByHop.has(name))
  const before = incoming.headers['x-forwarded-for']
  const client = incoming.socket.remoteAddress ?? '127.0.0.1'
  return {
    ...Object.fromEntries(kept),
    // With `close`, a target that answers before it has read the body would reset what is still being sent.
    connection: 'keep-alive',
    ...(incoming.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' }),
    'x-forwarded-for': before === undefined ? client : `${String(before)}, ${client}`,
    'x-forwarded-proto': 'http',
    'x-forwarded-port': String(incoming.socket.localPort),
  }
}

/** Name and value in turn, repeated names kept. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, rawHeaders[at + 1]!)
  }
  return kept
}

function headerLines(rawHeaders: readonly string[]): string {
  let lines = ''
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`
  return lines
}
