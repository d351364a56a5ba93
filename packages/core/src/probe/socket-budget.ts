/** Bounds how many attempts have a socket open at the same time; the others wait their turn. */
export class SocketBudget {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(sockets: number) {
    this.#free = sockets
  }

  /** Resolves when there is room; dispose of the result to make room for the next. */
  async take(): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return {
      [Symbol.dispose]: () => {
        const next = this.#waiting.shift()
        if (next) next()
        else this.#free += 1
      },
    }
  }
}
