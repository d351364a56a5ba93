import type { ActionContext } from '../action.ts'
import type { Deadline } from '../deadline.ts'
import { formatDuration } from '../duration.ts'
import { HEARTBEAT_MS, type Occasion } from '../wait.ts'
import { describeState } from './attempt-text.ts'
import type { TargetWatch } from './target-watch.ts'

/** The log of several waits as one: who changed says so, and while nobody does there is one line every 30 s for all. */
export class ProgressLog {
  readonly #watches: readonly TargetWatch[]
  readonly #successThreshold: number
  readonly #deadline: Deadline
  readonly #context: Pick<ActionContext, 'clock' | 'log'>
  #lastLineAtMs = 0

  constructor(
    watches: readonly TargetWatch[],
    successThreshold: number,
    deadline: Deadline,
    context: Pick<ActionContext, 'clock' | 'log'>,
  ) {
    this.#watches = watches
    this.#successThreshold = successThreshold
    this.#deadline = deadline
    this.#context = context
  }

  report(watch: TargetWatch, line: string, occasion: Occasion): void {
    const quietMs = this.#context.clock.nowMs() - this.#lastLineAtMs
    if (this.#watches.length === 1) this.#print(line)
    else if (occasion === 'change') this.#print(`${watch.target.text}: ${line}`)
    // Every target has its own heart; one beat of them is enough.
    else if (quietMs >= HEARTBEAT_MS * 0.9) this.#print(this.#overview())
  }

  #overview(): string {
    const behind = this.#watches.filter(({ streak }) => streak < this.#successThreshold)
    const ready = this.#watches.length - behind.length
    const [first] = behind
    const example = first ? `; ${first.target.text}: ${describeState(first, this.#successThreshold)}` : ''
    const [elapsed, left] = [this.#deadline.elapsedMs(), this.#deadline.remainingMs()].map(formatDuration)
    return `still: ${ready} of ${this.#watches.length} targets are as expected${example} (${elapsed} elapsed, ${left} left)`
  }

  #print(line: string): void {
    this.#lastLineAtMs = this.#context.clock.nowMs()
    this.#context.log.info(line)
  }
}
