import { GitHubError } from './github-error.ts'

/**
 * The primary rate limit of one token: a number of requests an hour.
 * @see https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export class RateLimit {
  readonly limit: number
  #used = 0
  #resetAtSeconds: number

  /** @param perHour 1,000 for a GITHUB_TOKEN and its repository */
  constructor(perHour = 1000) {
    this.limit = perHour
    this.#resetAtSeconds = nextHourSeconds()
  }

  /** @throws {GitHubError} 403 when the hour's requests are used up */
  take(): void {
    if (Date.now() / 1000 >= this.#resetAtSeconds) {
      this.#used = 0
      this.#resetAtSeconds = nextHourSeconds()
    }
    if (this.#used >= this.limit) throw new GitHubError(403, 'API rate limit exceeded for installation ID 1.')
    this.#used += 1
  }

  /** Every answer has these. */
  headers(): Record<string, string> {
    return {
      'x-ratelimit-limit': String(this.limit),
      'x-ratelimit-remaining': String(this.limit - this.#used),
      'x-ratelimit-used': String(this.#used),
      'x-ratelimit-reset': String(this.#resetAtSeconds),
      'x-ratelimit-resource': 'core',
    }
  }
}

function nextHourSeconds(): number {
  return Math.floor(Date.now() / 1000) + 3600
}

/** The secondary limit: it may hit any request, and says how long to wait. */
export function secondaryLimit(retryAfterSeconds: number): GitHubError {
  return new GitHubError(
    403,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    { headers: { 'retry-after': String(retryAfterSeconds) } },
  )
}
