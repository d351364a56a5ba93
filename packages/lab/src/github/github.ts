import type { HttpAnswer, HttpRequest, HttpRoute } from '../server/http.ts'
import { IdTokens, type RepositoryIds } from '../sts/id-tokens.ts'
import { type Endpoint, findEndpoint } from './endpoint.ts'
import { gitDataEndpoints } from './git-data-endpoints.ts'
import { GitHubError } from './github-error.ts'
import { historyEndpoints } from './history-endpoints.ts'
import { issueEndpoints } from './issue-endpoints.ts'
import { RateLimit, secondaryLimit } from './limits.ts'
import { pullEndpoints } from './pull-endpoints.ts'
import { GitHubRepository } from './repository.ts'
import { demand, type Token, Tokens } from './tokens.ts'

export interface GitHubOptions {
  /** Where the bare repositories lie. */
  readonly directory: string
  /** Requests an hour; default 1,000, as a GITHUB_TOKEN has them. */
  readonly requestsPerHour?: number
  /** Of its repositories, if the subjects of their OIDC tokens name them. */
  readonly repositoryIds?: RepositoryIds | undefined
}

/** GitHub's REST API for the repositories of a lab. */
export interface GitHub {
  /** Mounted by the lab's server; GITHUB_API_URL is the server's address and this prefix. */
  readonly route: HttpRoute
  readonly tokens: Tokens
  readonly idTokens: IdTokens
  /** @param fullName `owner/name` */
  createRepository(fullName: string, options?: { defaultBranch?: string }): Promise<GitHubRepository>
  repository(fullName: string): GitHubRepository | undefined
  /** The next request of this route (`GET /repos/{owner}/{repo}`) is answered with `error`, and has no effect. */
  failNext(route: string, error: GitHubError): void
}

export const GITHUB_PREFIX = '/github/api'

const endpoints: readonly Endpoint[] = [...gitDataEndpoints, ...historyEndpoints, ...pullEndpoints, ...issueEndpoints]

/**
 * A stand-in for GitHub's REST API: real git repositories, comments, labels and pull requests in memory, the
 * permissions of tokens, pages with Link headers, rate limits. A route that it does not have is 404, as on GitHub.
 */
export function createGitHub(options: GitHubOptions): GitHub {
  const repositories = new Map<string, GitHubRepository>()
  const tokens = new Tokens()
  const limit = new RateLimit(options.requestsPerHour)
  const planned: { route: string; error: GitHubError }[] = []

  const perform = async (request: HttpRequest): Promise<HttpAnswer> => {
    try {
      limit.take()
      const token = tokens.identify(request.headers)
      const match = findEndpoint(endpoints, request)
      const repository = repositories.get(`${match?.parameters.owner}/${match?.parameters.repo}`)
      if (!match || !repository) throw new GitHubError(404, 'Not Found')
      const at = planned.findIndex(({ route }) => route === match.endpoint.route)
      const [failure] = at < 0 ? [] : planned.splice(at, 1)
      if (failure) throw failure.error
      demand(token, match.endpoint.requires)
      const answer = await match.endpoint.answer({
        repository,
        parameters: match.parameters,
        query: request.query,
        body: readJson(request.body),
        token,
        apiUrl: `http://${request.headers.host}${GITHUB_PREFIX}`,
      })
      return toHttp(answer.status, answer.body, { ...limit.headers(), ...answer.headers })
    } catch (error) {
      if (error instanceof GitHubError) return explain(error, limit)
      throw error
    }
  }

  return {
    route: {
      prefix: GITHUB_PREFIX,
      describe: (request) => describe(request, tokens),
      handle: perform,
      refuse: (error) =>
        error.status >= 500 ? explain(new GitHubError(502, 'Server Error'), limit) : explain(secondaryLimit(1), limit),
    },
    tokens,
    idTokens: new IdTokens(options.repositoryIds),
    async createRepository(fullName, { defaultBranch = 'main' } = {}) {
      const repository = await GitHubRepository.create(options.directory, fullName, defaultBranch)
      repositories.set(fullName, repository)
      return repository
    },
    repository: (fullName) => repositories.get(fullName),
    failNext: (route, error) => void planned.push({ route, error }),
  }
}

function describe(request: HttpRequest, tokens: Tokens): ReturnType<NonNullable<HttpRoute['describe']>> {
  const path = request.path.slice(GITHUB_PREFIX.length)
  const route = findEndpoint(endpoints, { ...request, path })?.endpoint.route ?? `${request.method} ${path}`
  return {
    service: 'github',
    operation: route,
    caller: callerOf(request, tokens),
    input: { path, body: readJson(request.body) },
  }
}

function callerOf(request: HttpRequest, tokens: Tokens): string {
  try {
    return (tokens.identify(request.headers) as Token | undefined)?.name ?? 'anonymous'
  } catch {
    return 'unknown token'
  }
}

function explain(error: GitHubError, limit: RateLimit): HttpAnswer {
  const body = {
    message: error.message,
    ...(error.errors && { errors: error.errors }),
    documentation_url: 'https://docs.github.com/rest',
    status: String(error.status),
  }
  return toHttp(error.status, body, { ...limit.headers(), ...error.headers })
}

function toHttp(status: number, body: unknown, headers: Readonly<Record<string, string>>): HttpAnswer {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
    body: body === undefined ? '' : JSON.stringify(body),
  }
}

function readJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new GitHubError(400, 'Problems parsing JSON')
  }
}
