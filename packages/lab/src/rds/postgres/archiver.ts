import { Worker } from 'node:worker_threads'
import type { Job } from './archiver-worker.ts'

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Packs and unpacks in a thread of its own: thousands of small files are fast only without a promise for each, and must
 * not keep the lab's load balancers from answering meanwhile.
 */
export class Archiver implements AsyncDisposable {
  readonly #worker = new Worker(new URL('./archiver-worker.ts', import.meta.url))
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor() {
    this.#worker.on('message', ({ id, error }: { id: number; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve()
      else waiting?.reject(new Error(error))
    })
    this.#worker.on('error', (error) => this.#abandon(error as Error))
    this.#worker.on('exit', () => this.#abandon(new Error('The thread that packs files has ended')))
    // What waits for a job keeps the lab alive, not the thread.
    this.#worker.unref()
  }

  /** One job after the other, in the order of the calls. */
  do(job: Job): Promise<void> {
    this.#lastId += 1
    const id = this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.set(id, { resolve, reject })
    this.#worker.postMessage({ id, job })
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }

  #abandon(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
