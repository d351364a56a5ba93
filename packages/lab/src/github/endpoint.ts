import type { HttpRequest } from '../server/http.ts'
import type { GitHubRepository } from './repository.ts'
import type { Requirement, Token } from './tokens.ts'

/** One route of the REST API, named as GitHub's documentation names it: `GET /repos/{owner}/{repo}/git/ref/{ref}`. */
export interface Endpoint {
  readonly route: string
  /** What the token has to allow; none for metadata, which every token may read. */
  readonly requires: Requirement
  readonly answer: (request: EndpointRequest) => Promise<EndpointAnswer>
}

export interface EndpointRequest {
  readonly repository: GitHubRepository
  /** Parts of the path, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The JSON body; endpoints validate what they read. */
  readonly body: unknown
  readonly token: Token | undefined
  /** `http://…/github/api`, for the addresses in answers. */
  readonly apiUrl: string
}

export interface EndpointAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Match {
  readonly endpoint: Endpoint
  readonly parameters: Readonly<Record<string, string>>
}

/** Finds the endpoint of a request. A last parameter written `{+path}` takes the rest of the path, slashes included. */
export function findEndpoint(endpoints: readonly Endpoint[], request: HttpRequest): Match | undefined {
  for (const endpoint of endpoints) {
    const [method = '', template = ''] = endpoint.route.split(' ')
    if (method !== request.method) continue
    const parameters = matchPath(template, request.path)
    if (parameters) return { endpoint, parameters }
  }
  return undefined
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/')
  const given = path.split('/')
  const parameters: Record<string, string> = {}
  for (const [at, part] of wanted.entries()) {
    const [, rest = '', name] = /^\{(\+?)(\w+)\}$/.exec(part) ?? []
    const value = given[at]
    if (name === undefined) {
      if (part !== value) return undefined
    } else if (value === undefined || value === '') {
      return undefined
    } else if (rest === '+') {
      parameters[name] = given.slice(at).map(decode).join('/')
      return parameters
    } else {
      parameters[name] = decode(value)
    }
  }
  return given.length === wanted.length ? parameters : undefined
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
