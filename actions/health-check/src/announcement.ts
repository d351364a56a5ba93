import type { Log } from '@deploy-kit/core/log'

/** A line that comes before every other line of a log, though it need not be printed before there is another. */
export class Announcement {
  /** Announces before its first line. */
  readonly log: Log
  readonly #target: Log
  readonly #text: string
  #made = false

  constructor(target: Log, text: string) {
    this.#target = target
    this.#text = text
    const info = (line: string): void => {
      this.make()
      target.info(line)
    }
    this.log = { ...target, info }
  }

  make(): void {
    if (this.#made) return
    this.#made = true
    this.#target.info(this.#text)
  }
}
