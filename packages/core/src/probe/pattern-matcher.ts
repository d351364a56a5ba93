import type { MessagePort, Worker } from 'node:worker_threads'
import { abortAfter } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'

/** An expression that has not come to an end by then backtracks catastrophically; real ones take microseconds. */
const MATCH_LIMIT_MS = 1000

/** A pattern came to no end: it took too long, or more memory than JavaScript has for it. The message says which. */
export class EndlessPattern extends Error {}

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
    try {
      port.postMessage(new RegExp(pattern).test(text))
    } catch {
      // Each step that it may have to take back costs memory, and that has a limit.
      port.postMessage(undefined)
    }
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
   * @throws {EndlessPattern} after a second, or when it runs out of memory before
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
    const answer = Promise.withResolvers<boolean | undefined>()
    const cutOff = (): void => {
      this[Symbol.dispose]()
      const endless = `was cut off after ${MATCH_LIMIT_MS}ms: it backtracks without end on this text`
      answer.reject(limit.timedOut() ? new EndlessPattern(endless) : new Error('The match was ended.'))
    }
    worker.once('message', answer.resolve)
    worker.once('error', answer.reject)
    limit.signal.addEventListener('abort', cutOff, { once: true })
    if (limit.signal.aborted) cutOff()
    try {
      worker.postMessage({ pattern, text })
      const found = await answer.promise
      if (found === undefined) throw new EndlessPattern('backtracks more than fits into memory on this text')
      return found
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
