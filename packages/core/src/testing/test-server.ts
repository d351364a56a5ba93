import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { ServerCredentials } from './tls-authority.ts'

/** A server on a free loopback port; disposing of it closes it with every connection. */
export interface TestServer extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:port`, or with https. */
  readonly url: string
  /** What was asked so far, oldest first. */
  readonly requests: readonly IncomingMessage[]
  readonly server: Server
}

/** Answers with `answer`; `number` counts the requests from 1. */
export async function startHttp(
  answer: (request: IncomingMessage, response: ServerResponse, number: number) => void,
  options: { tls?: ServerCredentials; host?: string } = {},
): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const listener: RequestListener = (request, response) => {
    requests.push(request)
    answer(request, response, requests.length)
  }
  const server = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener)
  return await listen(server, { scheme: options.tls ? 'https' : 'http', requests, host: options.host ?? '127.0.0.1' })
}

/** Hands every connection to `serve`: for servers that do what no HTTP library lets them. */
export async function startTcp(
  serve: (socket: Socket, number: number) => void,
  host = '127.0.0.1',
  port = 0,
): Promise<TestServer> {
  let connections = 0
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    connections += 1
    serve(socket, connections)
  })
  return await listen(server, { scheme: 'http', requests: [], host, port })
}

/** A port on which nothing listens. */
export async function findClosedPort(): Promise<number> {
  await using server = await startTcp(() => undefined)
  return server.port
}

async function listen(
  server: Server,
  {
    scheme,
    requests,
    host,
    port: wanted = 0,
  }: { scheme: string; requests: IncomingMessage[]; host: string; port?: number },
): Promise<TestServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // Clients that go away in the middle of a handshake are part of the tests.
  server.on('tlsClientError', () => undefined)
  server.listen(wanted, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    requests,
    server,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
