/** A syntax error; the message shows the line with carets under the offending place. */
export class SyntaxProblem extends RangeError {
  constructor(problem: string, text: string, from: number, to: number) {
    const shown = text.replaceAll(/\s/g, ' ')
    super(`${problem}\n    ${shown}\n    ${' '.repeat(from)}${'^'.repeat(Math.max(1, to - from))}`)
    this.name = 'SyntaxProblem'
  }
}

/** A place in a text that moves forward as the text is read. */
export class TextCursor {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  get atEnd(): boolean {
    return this.at >= this.text.length
  }

  skipBlanks(): void {
    this.match(/\s*/y)
  }

  /** What a sticky expression finds here; moves behind it. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const [found] = pattern.exec(this.text) ?? []
    if (found !== undefined) this.at += found.length
    return found
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Moves behind `text` if it stands here. */
  take(text: string): boolean {
    if (!this.startsWith(text)) return false
    this.at += text.length
    return true
  }

  /** An error under the text from `from` to `to`; without them, under the character here. */
  problem(message: string, from: number = this.at, to: number = from + 1): SyntaxProblem {
    return new SyntaxProblem(message, this.text, from, to)
  }
}
