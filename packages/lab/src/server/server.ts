import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Journal } from '../journal.ts'
import type { Service } from '../service.ts'
import { readAwsRequest } from './aws-requests.ts'
import { Callers } from './callers.ts'
import { type Answered, conduct, type Exchange } from './exchange.ts'
import { Faults } from './faults.ts'
import { type HttpRequest, type HttpRoute, jsonBody, readRequest } from './http.ts'
import { Policies } from './policies.ts'
import { Throttle } from './throttle.ts'

export interface ServerOptions {
  readonly services: readonly Service[]
  /** Beside AWS. */
  readonly routes?: readonly HttpRoute[]
  readonly journal?: Journal
  /** Default: one user, whose keys are `testCredentials`. */
  readonly callers?: Callers
  readonly policies?: Policies
  readonly faults?: Faults
  /** Default: no limit. */
  readonly throttle?: Throttle
  /** Default: a free one. */
  readonly port?: number
}

export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  readonly journal: Journal
  readonly callers: Callers
  readonly policies: Policies
  readonly faults: Faults
}

/** The keys of the user that every server knows unless it is given other callers. */
export const testCredentials = { accessKeyId: 'AKIALABLABLABLABLAB0', secretAccessKey: 'lab-secret-access-key' }

/**
 * Serves AWS services, and further routes, on one loopback port. Disposing it cuts every connection; the services are
 * closed by whoever made them.
 * @throws Error when the port is taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { journal = new Journal(), callers = callersOfTests(), policies = new Policies() } = options
  const { faults = new Faults(), throttle = Throttle.off(), routes = [] } = options

  const server = createServer({ keepAliveTimeout: 60_000 }, async (message, response) => {
    try {
      const request = await readRequest(message)
      const exchange = readExchange(request)
      send(response, exchange.unseen ? (await exchange.perform()).answer : await conduct(exchange, limits))
    } catch (error) {
      // A request that cannot even be read: the client went away, or its body is not what its headers say.
      send(response, jsonBody(400, { message: error instanceof Error ? error.message : String(error) }))
    }
  })
  const limits = { faults, throttle, journal }
  const readExchange = (request: HttpRequest): Exchange & { readonly unseen?: boolean } => {
    const route = routes.find(({ prefix }) => request.path === prefix || request.path.startsWith(`${prefix}/`))
    if (route !== undefined) return routeExchange(route, request)
    return readAwsRequest(request, { services: options.services, callers, policies })
  }
  await listen(server, options.port ?? 0)

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    journal,
    callers,
    policies,
    faults,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new Error(`Port ${port} of 127.0.0.1 is taken; give another one, or 0 for any that is free`, { cause: error })
  }
}

function callersOfTests(): Callers {
  const callers = new Callers()
  callers.add({ ...testCredentials, arn: 'arn:aws:iam::123456789012:user/lab' })
  return callers
}

function routeExchange(route: HttpRoute, request: HttpRequest): Exchange & { readonly unseen: boolean } {
  const described = route.describe?.(request)
  return {
    unseen: described === undefined,
    service: described?.service ?? '',
    operation: described?.operation ?? '',
    caller: described?.caller ?? '',
    input: described?.input,
    refuse: (error) => route.refuse?.(error) ?? jsonBody(error.status, { message: error.message }),
    async perform() {
      const answer = await route.handle({ ...request, path: request.path.slice(route.prefix.length) || '/' })
      return { answer, output: undefined }
    },
  }
}

function send(response: ServerResponse<IncomingMessage>, answer: Answered): void {
  if (answer === 'silence') return
  if (answer === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
  response.end(answer.body)
}
