/** Something in a file that GitHub would refuse, or that the rehearsal cannot do. */
export interface Problem {
  readonly file: string
  /** Counts from 1; undefined when the problem is with the file as a whole. */
  readonly line: number | undefined
  readonly column: number | undefined
  readonly message: string
}

/** Nothing was run: every problem that was found, each with its place. */
export class Refusal extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'))
    this.name = 'Refusal'
    this.problems = problems
  }
}

/** `file:line:column: message`, the form that editors and terminals make a link of. */
export function describeProblem({ file, line, column, message }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':')
  return `${place}: ${message}`
}

/** A token, or anything else that knows where in a file it was written. */
export interface Placed {
  readonly line?: number | undefined
  readonly col?: number | undefined
}

export function problemAt(file: string, at: Placed | undefined, message: string): Problem {
  return { file, line: at?.line, column: at?.col, message }
}
