import { formatDuration } from '@deploy-kit/core/duration'
import { messageOf } from '@deploy-kit/core/errors'
import * as v from 'valibot'

/** GitHub said no, or nothing at all. The message is a sentence's end: `the token lacks contents: write`. */
export class GitHubFailure extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'GitHubFailure'
    this.status = status
  }
}

/** Trying again could have helped, but there was no more time for it. */
export class GaveUp extends GitHubFailure {}

/** Trying again can help. */
export class Transient extends GitHubFailure {
  readonly retryAfterMs: number

  constructor(status: number, message: string, retryAfterMs: number) {
    super(status, message)
    this.retryAfterMs = retryAfterMs
  }
}

const failureSchema = v.object({
  status: v.number(),
  message: v.string(),
  response: v.optional(v.object({ headers: v.optional(v.record(v.string(), v.unknown()), {}) })),
})

/** @see https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately */
export function readFailure(error: unknown, route: string): GitHubFailure {
  const result = v.safeParse(failureSchema, error)
  // An error without a response never reached GitHub, whatever status the client makes up for it.
  if (!result.success || result.output.response === undefined)
    return new Transient(0, `GitHub could not be reached (${messageOf(error)})`, 0)
  const { status, message, response } = result.output
  const header = (name: string): string => String(response.headers[name] ?? '')
  const retryAfterMs = readRetryAfter(header)
  if (status >= 500 || status === 429 || (status === 403 && retryAfterMs !== undefined)) {
    const limited = status < 500 ? 'rate limit: ' : ''
    const later = retryAfterMs ? `, and wants to be asked again in ${formatDuration(retryAfterMs)}` : ''
    const problem = `GitHub answered ${route} with ${status} (${limited}${message})${later}`
    // A limit that comes as 403 is no lack of a permission.
    return new Transient(status < 500 ? 429 : status, problem, retryAfterMs ?? 0)
  }
  if (status === 401) return new GitHubFailure(401, 'GitHub does not know the token in github-token')
  if (status === 403) {
    const needed = header('x-accepted-github-permissions')
    return new GitHubFailure(403, `the token may not do ${route}${needed === '' ? '' : `, which needs ${needed}`}`)
  }
  return new GitHubFailure(status, `GitHub answered ${route} with ${status} (${message})`)
}

function readRetryAfter(header: (name: string) => string): number | undefined {
  const seconds = header('retry-after')
  if (/^\d+$/.test(seconds)) return Number(seconds) * 1000
  if (header('x-ratelimit-remaining') !== '0') return undefined
  return Math.max(0, Number(header('x-ratelimit-reset')) * 1000 - Date.now())
}
