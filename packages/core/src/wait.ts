import { abortAfter, unlessAborted } from './abort.ts'
import type { Clock } from './clock.ts'
import { Deadline } from './deadline.ts'
import { formatDuration } from './duration.ts'

/** What one look at the world says. `state` is one line for people; the log shows it whenever it changes. */
export interface Look<T> {
  /** `pass` counts towards the streak, `pending` resets it, `stop` ends the wait: waiting on is hopeless. */
  readonly verdict: 'pass' | 'pending' | 'stop'
  readonly state: string
  readonly value: T
  /** The next look is not before this many milliseconds (Retry-After), capped by the deadline. */
  readonly notBeforeMs?: number
}

export interface WaitOptions<T> {
  /** Must settle soon after `signal` aborts: at the deadline, or when the step is cancelled. */
  readonly look: (signal: AbortSignal, attempt: number) => Promise<Look<T>>
  readonly timeoutMs: number
  /** From the end of one look to the start of the next. */
  readonly everyMs: number
  readonly backoffCoefficient?: number
  readonly maxEveryMs?: number
  /** 0.1 spreads each pause by ±10 %, so that many jobs do not look at the same moment. */
  readonly jitter?: number
  /** Consecutive passes that end the wait; 1 when not given. */
  readonly streak?: number
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Receives a line when the state changes and every 30 s while it does not, with elapsed and remaining time. */
  readonly report: (line: string, occasion: Occasion) => void
  /** Where the wait counts from, when the deadline began before it. */
  readonly deadline?: Deadline
  readonly random?: () => number
}

/** Why a wait reports: its state is another one, or it has been the same for half a minute. */
export type Occasion = 'change' | 'heartbeat'

export interface WaitResult<T> {
  readonly kind: 'passed' | 'stopped' | 'timed-out' | 'cancelled'
  /** The last complete look; missing when none ended in time. */
  readonly last?: Look<T>
  readonly looks: number
  readonly elapsedMs: number
}

/** However short the limits are, no more looks than four a second. */
const LEAST_PAUSE_MS = 250

/**
 * The pause between two looks at AWS for an input `interval`: as given, but a tenth of the shortest limit at the most, so
 * that no limit passes without looks.
 */
export function pauseWithin(intervalMs: number, ...limitsMs: readonly number[]): number {
  return Math.min(intervalMs, Math.max(LEAST_PAUSE_MS, Math.min(...limitsMs) / 10))
}

export const HEARTBEAT_MS = 30_000

/** The one waiting loop of deploy-kit. Looks at once, then at intervals, until it passes, stops, times out or is cancelled. */
export async function waitUntil<T>(options: WaitOptions<T>): Promise<WaitResult<T>> {
  const { clock, signal, streak = 1 } = options
  const deadline = options.deadline ?? new Deadline(options.timeoutMs, clock)
  const heartbeat = new Heartbeat(options.report, deadline, clock)
  using limit = abortAfter(deadline.remainingMs(), clock, signal)
  using _beats = heartbeat.start()
  const seen: { looks: number; passes: number; last?: Look<T> } = { looks: 0, passes: 0 }
  const end = (kind: WaitResult<T>['kind']): WaitResult<T> => ({
    kind,
    ...(seen.last && { last: seen.last }),
    looks: seen.looks,
    elapsedMs: deadline.elapsedMs(),
  })
  let everyMs = options.everyMs
  while (true) {
    if (signal.aborted) return end('cancelled')
    if (deadline.passed()) return end('timed-out')
    seen.looks += 1
    const look = await lookUnlessAborted(options.look(limit.signal, seen.looks), limit.signal)
    if (signal.aborted) return end('cancelled')
    if (look === undefined) return end('timed-out')
    seen.last = look
    heartbeat.state(look.state)
    seen.passes = look.verdict === 'pass' ? seen.passes + 1 : 0
    if (look.verdict === 'stop') return end('stopped')
    if (seen.passes >= streak) return end('passed')
    const pauseMs = Math.max(spread(everyMs, options), look.notBeforeMs ?? 0)
    await clock.sleep(Math.min(pauseMs, deadline.remainingMs()), limit.signal)
    everyMs = Math.min(
      everyMs * (options.backoffCoefficient ?? 1),
      Math.max(options.everyMs, options.maxEveryMs ?? everyMs),
    )
  }
}

/** The look's result, or undefined as soon as the signal aborts: a look that fails by then says nothing about the world. */
async function lookUnlessAborted<T>(look: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await unlessAborted(look, signal)
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

function spread(ms: number, options: { jitter?: number; random?: () => number }): number {
  const { jitter = 0, random = Math.random } = options
  return ms * (1 + jitter * (2 * random() - 1))
}

/** One line whenever the state changes and, while nothing changes (or a look hangs), one every 30 s. */
class Heartbeat {
  readonly #report: WaitOptions<unknown>['report']
  readonly #deadline: Deadline
  readonly #clock: Clock
  #state = ''
  #lastLineAtMs: number

  constructor(report: WaitOptions<unknown>['report'], deadline: Deadline, clock: Clock) {
    this.#report = report
    this.#deadline = deadline
    this.#clock = clock
    this.#lastLineAtMs = clock.nowMs()
  }

  state(state: string): void {
    if (state === this.#state) return
    this.#state = state
    this.#line(state, 'change')
  }

  start(): Disposable {
    const ended = new AbortController()
    void this.#beat(ended.signal)
    return { [Symbol.dispose]: () => ended.abort() }
  }

  async #beat(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      const dueMs = this.#lastLineAtMs + HEARTBEAT_MS - this.#clock.nowMs()
      if (dueMs > 0) await this.#clock.sleep(dueMs, ended)
      else this.#line(this.#state === '' ? 'no answer yet' : `still: ${this.#state}`, 'heartbeat')
    }
  }

  #line(text: string, occasion: Occasion): void {
    this.#lastLineAtMs = this.#clock.nowMs()
    const elapsed = formatDuration(this.#deadline.elapsedMs())
    this.#report(`${text} (${elapsed} elapsed, ${formatDuration(this.#deadline.remainingMs())} left)`, occasion)
  }
}
