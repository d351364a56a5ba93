/** The job's runner as the code sees it: GitHub's in production (runner.ts), memory in tests. */
export interface Platform {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** One or more whole lines of the step's log. */
  writeLine(line: string): void
  /** Resolves when the log can take more: whoever reads it may be slower than what is printed. */
  drained(): Promise<void>
  /** From now on the text is replaced by `***` in the log. */
  mask(text: string): void
  setOutput(name: string, value: string): void
  saveState(name: string, value: string): void
  readState(name: string): string
  appendSummary(markdown: string): void
  annotate(level: 'error' | 'warning' | 'notice', title: string, message: string): void
}
