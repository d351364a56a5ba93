import type { Masker } from './masker.ts'
import type { Annotation, LogKind, LogLine } from './workflow-run.ts'

/** What a step prints, masked; its lines and annotations are also those of the steps around it. */
export class StepLog {
  readonly lines: LogLine[] = []
  readonly annotations: Annotation[] = []
  readonly #masker: Masker
  readonly #pass: (line: LogLine) => void
  readonly #parent: StepLog | undefined

  constructor(masker: Masker, pass: (line: LogLine) => void, parent?: StepLog) {
    this.#masker = masker
    this.#pass = pass
    this.#parent = parent
  }

  /** A log of a step inside this one's. */
  child(): StepLog {
    return new StepLog(this.#masker, this.#pass, this)
  }

  write(text: string, kind: LogKind = 'text'): void {
    for (const line of text.split('\n')) {
      const entry = { at: new Date(), kind, text: this.#masker.mask(line) }
      for (let log: StepLog | undefined = this; log !== undefined; log = log.#parent) log.lines.push(entry)
      this.#pass(entry)
    }
  }

  annotate(annotation: Annotation): void {
    const masked = {
      ...annotation,
      message: this.#masker.mask(annotation.message),
      title: annotation.title === undefined ? undefined : this.#masker.mask(annotation.title),
    }
    for (let log: StepLog | undefined = this; log !== undefined; log = log.#parent) log.annotations.push(masked)
    this.write(annotation.message, annotation.level)
  }

  /** An error of the runner's own. */
  error(message: string): void {
    this.annotate(plainAnnotation('error', message))
  }

  warn(message: string): void {
    this.annotate(plainAnnotation('warning', message))
  }
}

export function plainAnnotation(level: Annotation['level'], message: string): Annotation {
  const nowhere = { file: undefined, line: undefined, endLine: undefined, column: undefined, endColumn: undefined }
  return { level, message, title: undefined, ...nowhere }
}
