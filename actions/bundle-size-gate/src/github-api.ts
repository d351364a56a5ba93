import { abortAfter } from '@deploy-kit/core/abort'
import type { ActionContext } from '@deploy-kit/core/action'
import { Deadline } from '@deploy-kit/core/deadline'
import { formatDuration } from '@deploy-kit/core/duration'
import { CancelledError } from '@deploy-kit/core/errors'
import * as v from 'valibot'
import { GaveUp, GitHubFailure, readFailure, Transient } from './github-failure.ts'

/** All of one job with GitHub (reading a baseline, writing one, keeping a comment) has this long, retries included. */
const JOB_MS = 60_000
/** Or so long, once a job before has been given up: GitHub may be back, but nobody waits a second minute for it. */
const LATER_JOB_MS = 15_000
const ATTEMPT_MS = 20_000
const FIRST_PAUSE_MS = 300
const LONGEST_PAUSE_MS = 8000
const HEARTBEAT_MS = 30_000

/** A repository's REST API. Loads the client with the first request, since most runs of a gate need none. */
export class GitHubApi {
  readonly repository: string
  readonly #token: string
  readonly #apiUrl: string
  readonly #context: ActionContext
  #client: Promise<Request> | undefined
  #gaveUp = false

  constructor(options: { token: string; repository: string; context: ActionContext }) {
    this.#token = options.token
    this.repository = options.repository
    this.#context = options.context
    this.#apiUrl = (options.context.environment.GITHUB_API_URL || 'https://api.github.com').replace(/\/+$/, '')
  }

  /** Runs `job` with requests that share one deadline. */
  async within<T>(job: (github: GitHubRequests) => Promise<T>): Promise<T> {
    const deadline = new Deadline(this.#gaveUp ? LATER_JOB_MS : JOB_MS, this.#context.clock)
    const send: Send = (...given) => this.#send(...given)
    try {
      return await job(new GitHubRequests({ send, deadline, context: this.#context }))
    } catch (error) {
      if (error instanceof GaveUp) this.#gaveUp = true
      throw error
    }
  }

  async #send(route: string, parameters: object, signal: AbortSignal): Promise<{ data: unknown }> {
    this.#client ??= loadClient(this.#token, this.#apiUrl)
    const request = await this.#client
    const [owner = '', repo = ''] = this.repository.split('/')
    return request(route, { owner, repo, ...parameters, request: { signal } })
  }
}

type Send = (route: string, parameters: object, signal: AbortSignal) => Promise<{ data: unknown }>
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
  readonly #send: Send
  readonly #deadline: Deadline
  readonly #context: ActionContext
  /** What the log said last about a wait. */
  #said = ''
  #toldAtMs = Number.POSITIVE_INFINITY

  constructor(options: { send: Send; deadline: Deadline; context: ActionContext }) {
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
          throw new GaveUp(status, message)
        }
        if (error.message !== this.#said) this.#tell(`${error.message}; next try in ${formatDuration(waitMs)}`)
        this.#said = error.message
        await this.pause(waitMs)
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }

  /** @throws {CancelledError} when the step is cancelled meanwhile */
  async pause(ms: number): Promise<void> {
    const { clock, signal } = this.#context
    for (let leftMs = ms; leftMs > 0; leftMs -= HEARTBEAT_MS) {
      await clock.sleep(Math.min(leftMs, HEARTBEAT_MS), signal)
      if (signal.aborted) throw new CancelledError()
      if (this.#deadline.elapsedMs() - this.#toldAtMs >= HEARTBEAT_MS) this.#tell(`still: ${this.#said}`)
    }
  }

  #tell(text: string): void {
    const elapsed = formatDuration(this.#deadline.elapsedMs())
    const remaining = formatDuration(this.#deadline.remainingMs())
    this.#context.log.info(`${text} (${elapsed} elapsed, ${remaining} remaining)`)
    this.#toldAtMs = this.#deadline.elapsedMs()
  }

  /** A short pause of random length, so that two runs that collided do not collide again. */
  async stepAside(): Promise<void> {
    await this.pause(FIRST_PAUSE_MS * Math.random())
    if (this.#deadline.passed()) throw new GitHubFailure(409, 'other runs wrote all the time')
  }
}
