import { abortAfter } from '@deploy-kit/core/abort'
import type { ActionContext } from '@deploy-kit/core/action'
import { Deadline } from '@deploy-kit/core/deadline'
import { CancelledError, messageOf } from '@deploy-kit/core/errors'
import * as v from 'valibot'

/** All of one job with GitHub (reading a baseline, writing one, keeping a comment) has this long, retries included. */
const JOB_MS = 60_000
const ATTEMPT_MS = 20_000
const FIRST_PAUSE_MS = 300
const LONGEST_PAUSE_MS = 8000

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

/** A repository's REST API. Loads the client with the first request, since most runs of a gate need none. */
export class GitHubApi {
  readonly repository: string
  readonly #token: string
  readonly #apiUrl: string
  readonly #context: ActionContext
  #client: Promise<Request> | undefined

  constructor(options: { token: string; repository: string; context: ActionContext }) {
    this.#token = options.token
    this.repository = options.repository
    this.#context = options.context
    this.#apiUrl = (options.context.environment.GITHUB_API_URL || 'https://api.github.com').replace(/\/+$/, '')
  }

  /** Runs `job` with requests that share one deadline. */
  async within<T>(job: (github: GitHubRequests) => Promise<T>): Promise<T> {
    const deadline = new Deadline(JOB_MS, this.#context.clock)
    return job(new GitHubRequests({ send: (...given) => this.#send(...given), deadline, context: this.#context }))
  }

  async #send(route: string, parameters: object, signal: AbortSignal): Promise<{ data: unknown }> {
    this.#client ??= loadClient(this.#token, this.#apiUrl)
    const request = await this.#client
    const [owner = '', repo = ''] = this.repository.split('/')
    return request(route, { owner, repo, ...parameters, request: { signal } })
  }
}

type Request = (route: string, parameters: Record<string, unknown>) => Promise<{ data: unknown }>

async function loadClient(token: string, baseUrl: string): Promise<Request> {
  const { getOctokit } = await import('@actions/github')
  // Its own way of warning about routes would write into the log past our masking.
  const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const octokit = getOctokit(token, { baseUrl, userAgent: 'deploy-kit-bundle-size-gate', log: silent })
  return (route, parameters) => octokit.request(route, parameters)
}

function ignore(): void {}

/** Requests until one deadline. What passes (5xx, no answer, rate limits that end in time) is tried again. */
export class GitHubRequests {
  readonly #send: (route: string, parameters: object, signal: AbortSignal) => Promise<{ data: unknown }>
  readonly #deadline: Deadline
  readonly #context: ActionContext

  constructor(options: {
    send: (route: string, parameters: object, signal: AbortSignal) => Promise<{ data: unknown }>
    deadline: Deadline
    context: ActionContext
  }) {
    this.#send = options.send
    this.#deadline = options.deadline
    this.#context = options.context
  }

  /**
   * One request that has the same effect when it is sent twice.
   *
   * @throws {GitHubFailure} for what GitHub refuses, and when the deadline passes
   * @throws {CancelledError} as soon as the step is cancelled
   */
  call<S extends v.GenericSchema>(route: string, parameters: object, schema: S): Promise<v.InferOutput<S>> {
    return this.retry(() => this.once(route, parameters, schema))
  }

  /** One request, sent once. */
  async once<S extends v.GenericSchema>(route: string, parameters: object, schema: S): Promise<v.InferOutput<S>> {
    const { clock, signal } = this.#context
    using limit = abortAfter(Math.min(ATTEMPT_MS, this.#deadline.remainingMs()), clock, signal)
    let data: unknown
    try {
      data = (await this.#send(route, parameters, limit.signal)).data
    } catch (error) {
      if (signal.aborted) throw new CancelledError()
      throw limit.timedOut() ? new Transient(0, `GitHub did not answer ${route} in time`, 0) : readFailure(error, route)
    }
    const result = v.safeParse(schema, data)
    if (!result.success) throw new GitHubFailure(0, `GitHub's answer to ${route} is not what it documents`)
    return result.output
  }

  /** Repeats `operation` while it fails for a reason that passes. */
  async retry<T>(operation: () => Promise<T>): Promise<T> {
    let pauseMs = FIRST_PAUSE_MS
    let answered: Transient | undefined
    while (true) {
      try {
        return await operation()
      } catch (error) {
        if (!(error instanceof Transient)) throw error
        const waitMs = Math.max(error.retryAfterMs, pauseMs * (0.2 + 0.8 * Math.random()))
        if (error.status !== 0) answered = error
        if (waitMs >= this.#deadline.remainingMs()) {
          // What GitHub said says more than that the time was up while it was asked once more.
          const { status, message } = answered ?? error
          throw new GitHubFailure(status, message)
        }
        this.#context.log.debug(`${error.message}; next try in ${Math.round(waitMs)} ms`)
        await this.pause(waitMs)
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }

  /** @throws {CancelledError} when the step is cancelled meanwhile */
  async pause(ms: number): Promise<void> {
    await this.#context.clock.sleep(ms, this.#context.signal)
    if (this.#context.signal.aborted) throw new CancelledError()
  }

  /** A short pause of random length, so that two runs that collided do not collide again. */
  async stepAside(): Promise<void> {
    await this.pause(FIRST_PAUSE_MS * Math.random())
    if (this.#deadline.passed()) throw new GitHubFailure(409, 'other runs wrote all the time')
  }
}

/** Trying again can help. */
class Transient extends GitHubFailure {
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
function readFailure(error: unknown, route: string): GitHubFailure {
  const result = v.safeParse(failureSchema, error)
  // An error without a response never reached GitHub, whatever status the client makes up for it.
  if (!result.success || result.output.response === undefined)
    return new Transient(0, `GitHub could not be reached (${messageOf(error)})`, 0)
  const { status, message, response } = result.output
  const header = (name: string): string => String(response.headers[name] ?? '')
  const retryAfterMs = readRetryAfter(header)
  if (status >= 500 || status === 429 || (status === 403 && retryAfterMs !== undefined)) {
    const limited = status < 500 ? 'rate limit: ' : ''
    return new Transient(status, `GitHub answered ${route} with ${status} (${limited}${message})`, retryAfterMs ?? 0)
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
