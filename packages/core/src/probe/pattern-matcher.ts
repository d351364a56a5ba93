import type { MessagePort, Worker } from 'node:worker_threads'
import { abortAfter } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'

/** An expression that has not come to an end by then backtracks catastrophically; real ones take microseconds. */
const MATCH_LIMIT_MS = 1000

/** A pattern was cut off; the message says after how long. */
export class PatternTimeout extends Error {}

/**
 * Throws what RegExp throws when `pattern` is none. Patterns are plain JavaScript, without flags: what people write for
 * grep, such as `\-`, compiles.
 */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(pattern)
}

/** What is wrong with a pattern, from what RegExp threw. */
export function patternProblem(error: unknown): string {
  return messageOf(error).replace(/^Invalid regular expression: \/.*\/\w*: /s, '')
}

/** Runs in the worker. It refers to nothing outside itself: its source text is what the worker gets. */
function answerMatches(port: MessagePort): void {
  port.on('message', ({ pattern, text }: { pattern: string; text: string }) => {
    port.postMessage(new RegExp(pattern).test(text))
  })
}

/**
 * Matches regular expressions in a thread of its own, because nothing else can stop one that backtracks without end:
 * it would hold up this thread's timers, and so the deadline.
 */
export class PatternMatcher implements Disposable {
  readonly #clock: Clock
  #worker: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @throws {PatternTimeout} after a second
   * @throws {Error} when `signal` aborts
   */
  matches(pattern: string, text: string, signal: AbortSignal): Promise<boolean> {
    const result = this.#last.then(() => this.#match(pattern, text, signal))
    this.#last = result.catch(() => undefined)
    return result
  }

  async #match(pattern: string, text: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    this.#worker ??= await startWorker()
    const worker = this.#worker
    using limit = abortAfter(MATCH_LIMIT_MS, this.#clock, signal)
    const answer = Promise.withResolvers<boolean>()
    const cutOff = (): void => {
      this[Symbol.dispose]()
      const endless = `was cut off after ${MATCH_LIMIT_MS}ms: it backtracks without end on this text`
      answer.reject(limit.timedOut() ? new PatternTimeout(endless) : new Error('The match was ended.'))
    }
    worker.once('message', answer.resolve)
    worker.once('error', answer.reject)
    limit.signal.addEventListener('abort', cutOff, { once: true })
    if (limit.signal.aborted) cutOff()
    try {
      worker.postMessage({ pattern, text })
      return await answer.promise
    } finally {
      limit.signal.removeEventListener('abort', cutOff)
      worker.off('message', answer.resolve)
      worker.off('error', answer.reject)
    }
  }

  /** Ends the thread, whatever it is doing. */
  [Symbol.dispose](): void {
    void this.#worker?.terminate()
    this.#worker = undefined
  }
}

async function startWorker(): Promise<Worker> {
  const { Worker } = await import('node:worker_threads')
  const worker = new Worker(`(${answerMatches})(require('node:worker_threads').parentPort)`, { eval: true })
  await new Promise((resolve, reject) => {
    worker.once('online', resolve)
    worker.once('error', reject)
  })
  worker.unref()
  return worker
}
